// Talks without end to a service that answers with what it is told, and checks every answer: steady tcp|udp ADDRESS PORT. Says
// `connected`, and for each line that it reads what has been so far, as JSON (`Talk` in test/support/steady.ts).
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const PAUSE = 10; // ms
const CHUNK = 1000;
/** Bytes under way at most. */
const AHEAD = 64 * 1024;
const [kind, address, port] = process.argv.slice(2);
const talk = { sent: 0, next: 0, lost: 0, trouble: '' };
const fail = (trouble: string): void => {
  talk.trouble ||= trouble;
};
/** Until its input ends. */
let isOver = false;
function again(action: () => void): void {
  const timer = setInterval(() => {
    if (isOver) clearInterval(timer);
    else action();
  }, PAUSE);
}

/** TCP: what is counted are bytes, of which each says where it stands. */
function talkTcp(): () => void {
  const byteAt = (at: number): number => at % 251;
  const socket = connect(Number(port), address, () => {
    console.log('connected');
    again(() => {
      if (talk.sent - talk.next > AHEAD) return;
      socket.write(Uint8Array.from({ length: CHUNK }, (_, index) => byteAt(talk.sent + index)));
      talk.sent += CHUNK;
    });
  });
  socket.on('data', (answer) => {
    for (const byte of answer) if (byte !== byteAt(talk.next++)) fail(`byte ${talk.next - 1} is wrong`);
  });
  socket.on('error', ({ message }) => {
    fail(message);
  });
  socket.on('close', () => {
    fail('closed');
  });
  return () => socket.destroy();
}

/** UDP: what is counted are datagrams, each with its number. */
function talkUdp(): () => void {
  const socket = createSocket('udp4');
  socket.connect(Number(port), address, () => {
    console.log('connected');
    again(() => {
      socket.send(String(talk.sent++));
    });
  });
  socket.on('message', (answer) => {
    const number = Number(String(answer));
    if (number < talk.next) fail(`datagram ${number} came late or twice`);
    talk.lost += number - talk.next;
    talk.next = number + 1;
  });
  socket.on('error', ({ message }) => {
    fail(message);
  });
  return () => socket.close();
}

const end = kind === 'tcp' ? talkTcp() : talkUdp();
const lines = createInterface({ input: process.stdin });
lines.on('line', () => {
  console.log(JSON.stringify(talk));
});
lines.on('close', () => {
  isOver = true;
  end();
});
