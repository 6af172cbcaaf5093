// Server-sent events over fetch: EventSource can send no Authorization header, and a token has no
// place in a URL.

export interface Event {
  name: string;
  data: string;
}

// Cuts bytes into events, however they come; `id` is the last one seen.
export class Parser {
  id = '';
  retryMs = 500;
  private rest = '';
  private name = '';
  private data: string[] = [];

  push(text: string): Event[] {
    const events: Event[] = [];
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (this.data.length > 0) events.push({ name: this.name || 'message', data: this.data.join('\n') });
        this.name = '';
        this.data = [];
      } else this.field(line);
    }
    return events;
  }

  private field(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') this.name = value;
    else if (name === 'data') this.data.push(value);
    else if (name === 'id') this.id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
  }
}
