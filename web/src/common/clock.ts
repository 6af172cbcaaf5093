// The server's time, as near as the quickest of a few questions can tell: the answer was made
// somewhere between asking and hearing, so half of the way is the best guess and the whole of it
// the error. The client's own clock may be hours off; nothing but differences of it are used.

export interface Sample {
  asked: number; // client's clock, ms
  heard: number; // client's clock, ms
  server: number; // server's clock, ms
}

// To be added to the client's clock. Needs: at least one sample.
export function offsetOf(samples: readonly Sample[]): number {
  const quickest = samples.reduce((a, b) => (b.heard - b.asked < a.heard - a.asked ? b : a));
  return quickest.server - (quickest.asked + quickest.heard) / 2;
}

export const samplesMax = 5;

// A steady client clock in ms: it does not jump when somebody sets the time.
export const steady = (): number => performance.now();

export class ServerClock {
  private samples: Sample[] = [];
  private offset: number;

  // `serverMs`: what the page itself said when it was made; later samples are better.
  constructor(serverMs: number) {
    this.offset = serverMs - steady();
  }
  now(): number {
    return steady() + this.offset;
  }
  async sample(times = samplesMax): Promise<void> {
    for (let n = 0; n < times; ++n) {
      const asked = steady();
      try {
        const reply = await fetch('/time', { cache: 'no-store' });
        const { unix_ms: server } = (await reply.json()) as { unix_ms: number };
        this.samples.push({ asked, heard: steady(), server });
      } catch {
        continue; // then one sample less
      }
    }
    this.samples = this.samples.slice(-samplesMax);
    if (this.samples.length > 0) this.offset = offsetOf(this.samples);
  }
}
