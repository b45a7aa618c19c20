// Text inside HTML and XML, in elements and in attributes.
import { printable } from './printable.ts';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export const markup = (text: string): string => printable(text).replace(/[&<>"']/g, (sign) => ENTITIES[sign]!);
