// Hostile programs: the command of a probe, who has no rights, and a program that is root in a unit of ours and wants to be root
// of the machine. What the unit is for (programs, maps and links in the kernel, interfaces) stays open to that one, and is not tried.

/** Exits with 0 where everything that it tries is refused. */
export const HOSTILE_COMMAND = `#!/bin/sh
[ "$(id -u)" = 1879048192 ] && [ "$(id -G)" = 1879048192 ] || exit 10
grep -q 'NoNewPrivs:.1' /proc/self/status || exit 11
grep -qE 'Cap(Inh|Prm|Eff|Bnd|Amb):.0*[1-9a-f]' /proc/self/status && exit 12
ls /proc/1/root/ 2>/dev/null && exit 13
cat /proc/1/environ /etc/shadow /var/lib/xdpkeep/journal.ndjson 2>/dev/null | grep -q . && exit 14
systemd-run --wait --quiet touch /etc/planted 2>/dev/null && exit 15
for one in /etc /usr /var/lib/xdpkeep /sys/fs/bpf /sys/fs/bpf/xdpkeep; do ( echo > $one/planted ) 2>/dev/null && exit 16; done
unshare --mount true 2>/dev/null && exit 17
mount -t tmpfs none /mnt 2>/dev/null && exit 18
bpftool prog show 2>/dev/null | grep -q . && exit 19
ip link set veth0 down 2>/dev/null && exit 20
kill -0 $PPID 2>/dev/null && exit 21
exit 0
`;

/** Run as root outside of a unit these succeed: so the attempts are none that fail everywhere. */
export const OPEN_OUTSIDE = [
  'process-of-init',
  'root-of-init',
  'environment-of-init',
  'files-of-init',
  'mounts-of-init',
  'traced-init',
  'traced-sshd',
  'systemd-run',
  'systemctl',
  'socket-of-systemd',
  'bus',
  'write-etc',
  'write-usr',
  'write-var',
  'write-cgroup',
  'read-shadow',
  'read-host-key',
  'mount',
  'load-module',
  'network-namespace',
  'user-namespace',
  'internet',
  'set-user-id',
];

/** Prints the name of each attempt that succeeded. */
export const HOSTILE_ROOT = String.raw`#!/bin/sh
try() { name=$1; shift; "$@" >/dev/null 2>&1 && echo "$name"; }
call() { perl -e '@ARGV = map { $_ + 0 } @ARGV; $number = shift; exit(syscall($number, @ARGV) < 0 && $! == 1 ? 1 : 0)' "$@"; } # 1: EPERM
case $(uname -m) in x86_64) ptrace=101 init_module=175 ;; aarch64) ptrace=117 init_module=105 ;; esac
traced() { call $ptrace 16902 "$1" 0 0; } # PTRACE_SEIZE, which does not stop it
sshd=$(cat /run/sshd.pid 2>/dev/null || head -n 1 /sys/fs/cgroup/system.slice/ssh.service/cgroup.procs /sys/fs/cgroup/*/system.slice/ssh.service/cgroup.procs 2>/dev/null | grep -m 1 '^[0-9]')
echo began
try process-of-init test -e /proc/1
try root-of-init ls /proc/1/root/
try environment-of-init sh -c 'cat /proc/1/environ | grep -q .'
try files-of-init ls -l /proc/1/fd
try mounts-of-init nsenter -t 1 -m true
try root-of-sshd ls "/proc/${'$'}{sshd:-1}/root/"
try traced-init traced 1
try traced-sshd traced "${'$'}{sshd:-1}"
try systemd-run systemd-run --wait --quiet touch /etc/planted
try systemctl systemctl show --property=Version
try socket-of-systemd ls /run/systemd/private
try bus ls /run/dbus/system_bus_socket
try udev udevadm control --log-level=info
try write-etc touch /etc/planted
try write-usr touch /usr/planted
try write-var touch /var/lib/planted
try write-unit touch /run/systemd/system/planted.service
try write-cgroup sh -c 'mkdir /sys/fs/cgroup/planted || mkdir /sys/fs/cgroup/unified/planted'
# Opened, and nothing written: these belong to the machine that runs the tests as well.
try write-core-pattern sh -c ': >> /proc/sys/kernel/core_pattern'
try write-modprobe sh -c ': >> /proc/sys/kernel/modprobe'
try write-sysrq sh -c ': >> /proc/sysrq-trigger'
try write-uevent-helper sh -c ': >> /sys/kernel/uevent_helper'
try remount mount -o remount,rw /
try mount sh -c 'mount -t tmpfs none /media && umount /media'
try bind sh -c 'mount --bind /root /media && umount /media'
try read-shadow sh -c 'cat /etc/shadow | grep -q .'
try read-host-key sh -c 'cat /etc/ssh/ssh_host_ed25519_key | grep -q .'
try read-deploy-key sh -c 'cat /etc/xdpkeep/ssh/key | grep -q .'
try read-home ls /root/.ssh
try load-module call $init_module 0 0 0
try device mknod /var/lib/xdpkeep/disk b 8 0
try network-namespace unshare --net true
try user-namespace unshare --user true
try internet perl -MSocket -e 'socket(my $s, AF_INET, SOCK_DGRAM, 0) or exit 1'
try set-user-id sh -c 'cp /bin/true /var/lib/xdpkeep/suid && chmod 4755 /var/lib/xdpkeep/suid'
try clock date --set=now
try host-name sh -c 'hostname "$(hostname)"'
rm -f /var/lib/xdpkeep/suid /var/lib/xdpkeep/disk
rmdir /sys/fs/cgroup/planted /sys/fs/cgroup/unified/planted 2>/dev/null
echo ended
`;
