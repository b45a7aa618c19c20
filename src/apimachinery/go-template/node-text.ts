// Parts of a template as Go writes them in messages.
import { quote } from '../go-text.ts';
import type { Command, Node, Operand, Pipe } from './ast.ts';

export function nodeText(node: Node | Command | Operand): string {
  switch (node.is) {
    case 'text':
      return node.text;
    case 'action':
      return `{{${nodeText(node.pipe)}}}`;
    case 'if':
    case 'with':
    case 'range': {
      const otherwise = node.otherwise.length === 0 ? '' : `{{else}}${node.otherwise.map(nodeText).join('')}`;
      return `{{${node.is} ${nodeText(node.pipe)}}}${node.body.map(nodeText).join('')}${otherwise}{{end}}`;
    }
    case 'template':
      return `{{template ${quote(node.name)}${node.pipe ? ` ${nodeText(node.pipe)}` : ''}}}`;
    case 'break':
    case 'continue':
      return `{{${node.is}}}`;
    case 'pipe': {
      const declared = node.declares.length === 0 ? '' : `${node.declares.join(', ')} ${node.assigns ? '=' : ':='} `;
      return declared + node.commands.map(nodeText).join(' | ');
    }
    case 'command':
      return node.words.map(inParentheses).join(' ');
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'bool':
      return String(node.value);
    case 'string':
      return node.quoted;
    case 'number':
      return node.text;
    case 'field':
      return fields(node.path);
    case 'variable':
      return node.name + fields(node.path);
    case 'function':
      return node.name;
    case 'chain':
      return inParentheses(node.of) + fields(node.path);
  }
}

const fields = (path: readonly string[]): string => path.map((name) => `.${name}`).join('');

const inParentheses = (operand: Operand | Pipe): string => (operand.is === 'pipe' ? `(${nodeText(operand)})` : nodeText(operand));
