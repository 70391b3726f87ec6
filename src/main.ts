import { BpfObject } from './kernel/object.js';
import { Fd } from './kernel/fd.js';
import { createLink,swapProgram } from './kernel/attach.js';
import * as p from './kernel/pinned.js';
import { readFileSync } from 'node:fs';
const o = BpfObject.open(readFileSync('dist/bpf/icmp_drop.bpf.o'), 'icmp_drop');
console.log(o.maps());
o.load();
const fd=new Fd(o.programFd());
console.log(p.programId(fd), p.mapId(new Fd(o.mapFd('icmp_drops'))));
const l=createLink(fd, Number(process.argv[2]), 'native');
console.log(p.linkInfo(l));
swapProgram(l, fd, fd);
try { createLink(fd, Number(process.argv[2]), 'generic') } catch(e) {console.log(e)}
p.pin(l, '/tmp/bp/l');
try { BpfObject.open(Buffer.from('dist/bpf/icmp_drop.bpf.o'), 'icmp_drop') } catch(e) {console.log(e)}
