// Lines of a certain width. Follows goutils' WrapCustom.

/** @param longWords whether words that are longer than a line are cut */
export function wrapped(text: string, width: number, lineBreak: string, longWords: boolean): string {
  const most = Math.max(1, width);
  let offset = 0;
  let out = '';
  while (text.length - offset > most) {
    if (text[offset] === ' ') {
      offset++;
      continue;
    }
    const space = text.slice(offset, offset + most + 1).lastIndexOf(' ');
    if (space >= 0) {
      out += text.slice(offset, offset + space) + lineBreak;
      offset += space + 1;
    } else if (longWords) {
      out += text.slice(offset, offset + most) + lineBreak;
      offset += most;
    } else {
      const next = text.indexOf(' ', offset + most);
      if (next < 0) break;
      out += text.slice(offset, next) + lineBreak;
      offset = next + 1;
    }
  }
  return out + text.slice(offset);
}
