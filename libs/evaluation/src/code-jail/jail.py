"""Runs one Python program so that it can do nothing but compute, and says on stdout as JSON how it ended.

Reads {"program", "limits"} from stdin; limits as `JailLimits` in code-jail.ts. Linux 5.12 or newer, on x86-64 or arm64, and user namespaces; what lacks
ends it with {"verdict": "unavailable", "reason"}. Four processes, each with less than the one before:

    launcher   in fresh user, mount, process, network, IPC and host name namespaces, which it asked for
    (writer    outside of them: says which users they have, and ends)
    init       process 1 inside: builds a file system of what Python needs, read only, and one empty folder; watches the clock
    program    no capability, no system call that reaches out or looks around, hard limits; runs the text in itself

The program cannot say that it passed without a secret, which lies in a pipe until the text has been run to its end.
"""

import ctypes
import errno
import json
import os
import platform
import resource
import select
import signal
import stat
import struct
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)

NEW_NAMESPACES = 0x10000000 | 0x00020000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000  # user, mount, pid, net, ipc, uts
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
MNT_DETACH, AT_FDCWD, AT_RECURSIVE = 2, -100, 0x8000
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4
PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 22, 24, 38

# Of each architecture: its audit number, and the numbers of its calls as the kernel's syscall_64.tbl and asm-generic/unistd.h have them.
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CALLS = {"clone": (56, 220), "clone3": (435, 435), "pivot_root": (155, 41), "mount_setattr": (442, 442)}
# What a program that computes never needs: reaching out, looking into other processes, namespaces and mounts, memory that no limit counts, keys, kernel
# modules, clocks.
REFUSED = """
    socket 41 198, ptrace 101 117, shmget 29 194, msgget 68 186, semget 64 190, mq_open 240 180, mount 165 40, umount2 166 39, pivot_root 155 41, chroot
    161 51, unshare 272 97, setns 308 268, open_tree 428 428, move_mount 429 429, fsopen 430 430, fsconfig 431 431, fsmount 432 432, fspick 433 433,
    mount_setattr 442 442, name_to_handle_at 303 264, open_by_handle_at 304 265, io_uring_setup 425 425, io_uring_enter 426 426, io_uring_register 427
    427, bpf 321 280, perf_event_open 298 241, userfaultfd 323 282, process_vm_readv 310 270, process_vm_writev 311 271, process_madvise 440 440, kcmp 312
    272, pidfd_getfd 438 438, move_pages 279 239, migrate_pages 256 238, mbind 237 235, set_mempolicy 238 237, add_key 248 217, request_key 249 218,
    keyctl 250 219, init_module 175 105, finit_module 313 273, delete_module 176 106, kexec_load 246 104, kexec_file_load 320 294, reboot 169 142, swapon
    167 224, swapoff 168 225, acct 163 89, quotactl 179 60, quotactl_fd 443 443, syslog 103 116, settimeofday 164 170, clock_settime 227 112, adjtimex 159
    171, clock_adjtime 305 266, sethostname 170 161, setdomainname 171 162, vhangup 153 58, personality 135 92, fanotify_init 300 262, iopl 172 -, ioperm
    173 -, modify_ldt 154 -, uselib 134 -, memfd_secret 447 447, memfd_create 319 279,
"""
NAMESPACE_FLAGS = NEW_NAMESPACES | 0x02000000 | 0x00000080  # and cgroup, time
# What says that a limit or a wall was met, and not that the program is wrong.
FORBIDDEN = {errno.EPERM, errno.EACCES, errno.EROFS, errno.EFBIG, errno.ENOSPC, errno.EAGAIN, errno.ENETUNREACH}
LONGEST_MESSAGE = 65536
# What the program writes once nothing is open any more, before it runs the text.
CLOSED = b"closed\n"


class Unavailable(Exception):
    """No jail can be made here."""


def call(what, function, *arguments):
    if function(*arguments) == -1:
        number = ctypes.get_errno()
        raise Unavailable(f"{what}: {os.strerror(number)}")


def say(document):
    os.write(1, json.dumps(document).encode() + b"\n")


def number_of(name):
    return CALLS[name][list(ARCHITECTURES).index(platform.machine())]


def main():
    order = json.load(sys.stdin)
    try:
        if platform.machine() not in ARCHITECTURES or sys.platform != "linux":
            raise Unavailable(f"it is made for Linux on {' and '.join(ARCHITECTURES)}; this is {sys.platform} on {platform.machine()}")
        user = enter_namespaces()
        child = os.fork()
        if child == 0:
            # Ends with the launcher, and everything inside with it.
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            build_root(order["limits"], user)
            say(watch(user=user, **order))
            os._exit(0)
        os.waitpid(child, 0)
    except (Unavailable, OSError) as problem:
        say({"verdict": "unavailable", "error": str(problem)})
        os._exit(0)


def enter_namespaces():
    """Returns the user of the program: who started this, inside user 0; where that is root, whom no limit of processes binds, user 1, nobody outside."""
    user, group = os.geteuid(), os.getegid()
    users, groups = (f"0 {own} 1\n" + ("1 65534 1\n" if user == 0 else "") for own in (user, group))
    entered, enter = os.pipe()
    launcher = os.getpid()
    writer = os.fork()
    if writer == 0:
        os.close(enter)
        if os.read(entered, 1) != b"1":
            os._exit(1)
        try:
            for name, text in (("setgroups", "deny"), ("uid_map", users), ("gid_map", groups)):
                with open(f"/proc/{launcher}/{name}", "w") as file:
                    file.write(text)
        except OSError:
            os._exit(1)
        os._exit(0)
    os.close(entered)
    call("namespaces (unshare)", libc.unshare, NEW_NAMESPACES)
    os.write(enter, b"1")
    os.close(enter)
    if os.waitpid(writer, 0)[1] != 0:
        raise Unavailable("users of the namespace: they could not be set")
    return 1 if user == 0 else 0


def build_root(limits, user):
    """A file system with what Python is made of, read only, devices that hold nothing, and /scratch. What is not named here is not there."""
    call("mounts made private", libc.mount, None, b"/", None, MS_REC | MS_PRIVATE, None)
    root = "/tmp" if os.path.isdir("/tmp") else "/mnt"
    kept = [path for path in dict.fromkeys(["/usr", "/lib", "/lib64", "/lib32", "/bin", "/etc/ld.so.cache", *map(os.path.realpath, (sys.base_prefix, sys.base_exec_prefix, sys.prefix))]) if os.path.exists(path)]
    kept = [path for path in kept if not any(path.startswith(f"{other}/") for other in kept)]
    if "/" in kept:
        raise Unavailable("Python's own folder is the root of the file system")
    handles = {path: os.open(path, os.O_PATH) for path in [*kept, "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"] if not os.path.islink(path)}
    call("a file system in memory", libc.mount, b"tmpfs", root.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, b"size=1m,nr_inodes=1024,mode=755")
    for path in kept:
        if os.path.islink(path):
            os.symlink(os.readlink(path), root + path)
    for path, handle in handles.items():
        place = root + path
        os.makedirs(os.path.dirname(place), exist_ok=True)
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            os.makedirs(place)
        else:
            os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o644))
        call(f"{path} shown inside", libc.mount, f"/proc/self/fd/{handle}".encode(), place.encode(), None, MS_BIND | MS_REC, None)
        os.close(handle)
        if not path.startswith("/dev/"):
            restrict(place, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, AT_RECURSIVE)
    os.mkdir(f"{root}/scratch")
    options = f"size={limits['scratchBytes']},nr_inodes=256,mode=700,uid={user},gid={user}".encode()
    call("a folder to write in", libc.mount, b"tmpfs", f"{root}/scratch".encode(), b"tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options)
    os.chdir(root)
    call("the root left behind", libc.syscall, number_of("pivot_root"), b".", b".")
    call("the old root taken away", libc.umount2, b".", MNT_DETACH)
    restrict("/", MOUNT_ATTR_RDONLY, 0)
    os.chdir("/scratch")


def restrict(path, attributes, flags):
    call("mounts made read only (mount_setattr, Linux 5.12)", libc.syscall, number_of("mount_setattr"), AT_FDCWD, path.encode(), flags, struct.pack("=QQQQ", attributes, 0, 0, 0), 32)


def watch(program, limits, user):
    secret = os.urandom(16).hex().encode()
    secrets, put_secret = os.pipe()
    os.write(put_secret, secret)
    os.close(put_secret)
    results, put_result = os.pipe()
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        run(program, limits, user, secrets, put_result)
    os.close(put_result)
    ended = os.pidfd_open(child)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(results, select.POLLIN)
    message = b""
    while True:
        left = started + limits["wallSeconds"] - time.monotonic()
        ready = [handle for handle, _ in poll.poll(max(left, 0) * 1000)]
        if not ready:
            return {"verdict": "timed-out", "error": f"no end after {limits['wallSeconds']} s"}
        if results in ready:
            part = os.read(results, LONGEST_MESSAGE)
            message += part
            if part == b"" or len(message) > LONGEST_MESSAGE:
                poll.unregister(results)
        elif ended in ready:
            break
    _, status, usage = os.wait4(child, 0)
    if not message.startswith(CLOSED):
        raise Unavailable(message.decode(errors="replace") or f"closing it ended with status {status}")
    message = message[len(CLOSED):]
    if os.WIFSIGNALED(status):
        # A program may ignore the first signal of the limit; the second cannot be.
        if os.WTERMSIG(status) == signal.SIGXCPU or usage.ru_utime + usage.ru_stime >= limits["cpuSeconds"]:
            return {"verdict": "timed-out", "error": f"no end after {limits['cpuSeconds']} s of computing"}
        return {"verdict": "failed", "error": f"ended by {signal.Signals(os.WTERMSIG(status)).name}"}
    if message == secret:
        return {"verdict": "passed"}
    try:
        told = json.loads(message)
        verdict, error = str(told["verdict"]), str(told["error"])[:500]
    except (ValueError, KeyError, TypeError):
        verdict, error = "failed", f"left with exit code {os.WEXITSTATUS(status)} before the tests were over"
    return {"verdict": verdict if verdict in ("forbidden", "out-of-memory") else "failed", "error": error}


def run(program, limits, user, secrets, put_result):
    """Runs the text in this process, and never returns."""
    try:
        strip(limits, user, (secrets, put_result))
    except BaseException as problem:
        os.write(put_result, str(problem).encode())
        os._exit(0)
    os.write(put_result, CLOSED)
    own = os.getpid()
    try:
        told = outcome(program, limits)
        # What the text forked runs on here too.
        if os.getpid() == own:
            os.write(put_result, json.dumps(told).encode() if told else os.read(secrets, 64))
    finally:
        os._exit(0)


def outcome(program, limits):
    """None where the text was run to its end."""
    try:
        exec(program, {})
    except MemoryError:
        return {"verdict": "out-of-memory", "error": f"no memory beyond {limits['memoryBytes'] >> 20} MiB"}
    except BaseException as problem:
        refused = isinstance(problem, OSError) and problem.errno in FORBIDDEN or isinstance(problem, RuntimeError) and "start new thread" in str(problem)
        return {"verdict": "forbidden" if refused else "failed", "error": f"{type(problem).__name__}: {problem}".removesuffix(": ")[:500]}
    return None


def strip(limits, user, handles):
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    nothing = os.open("/dev/null", os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(nothing, handle)
    low = 3
    for handle in sorted(handles):
        os.closerange(low, handle)
        low = handle + 1
    os.closerange(low, 65536)
    os.environ.clear()
    os.environ.update(HOME="/scratch", TMPDIR="/scratch", PATH="/usr/bin:/bin")
    sys.argv[:] = [""]
    sys.path[:] = sys.path[1:]
    sys.stdin, sys.stdout, sys.stderr = (open(handle, mode, closefd=False) for handle, mode in ((0, "r"), (1, "w"), (2, "w")))
    for kind, most in (
        (resource.RLIMIT_AS, limits["memoryBytes"]),
        (resource.RLIMIT_FSIZE, limits["fileBytes"]),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpuSeconds"], limits["cpuSeconds"] + 1))
    # Of user 0 the launcher and init count too.
    resource.setrlimit(resource.RLIMIT_NPROC, (limits["processes"] + (0 if user else 2),) * 2)
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    if user:
        os.setgid(user)
        os.setuid(user)
        # Changing users takes this back.
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    call("capabilities dropped", libc.capset, struct.pack("=Ii", 0x20080522, 0), struct.pack("=6I", *[0] * 6))
    call("no new privileges", libc.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    filter_calls()


def filter_calls():
    """A seccomp filter (classic BPF): another architecture ends the process, refused calls give EPERM, clone may make no namespace."""
    load, equal, at_least, masked, end = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, kill, refuse, unknown = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
    lines = [(load, 0, 0, 4), (equal, 1, 0, ARCHITECTURES[platform.machine()]), (end, 0, 0, kill), (load, 0, 0, 0)]
    if platform.machine() == "x86_64":
        # The other table of calls of this architecture (x32).
        lines += [(at_least, 0, 1, 0x40000000), (end, 0, 0, refuse)]
    for number in refused_numbers():
        lines += [(equal, 0, 1, number), (end, 0, 0, refuse)]
    # What clone3 is asked for lies in memory, where no filter looks; without it, programs take clone.
    lines += [(equal, 0, 1, number_of("clone3")), (end, 0, 0, unknown)]
    lines += [(equal, 0, 3, number_of("clone")), (load, 0, 0, 16), (masked, 0, 1, NAMESPACE_FLAGS & ~0x80), (end, 0, 0, refuse), (end, 0, 0, allow)]
    text = b"".join(struct.pack("=HBBI", *line) for line in lines)
    buffer = ctypes.create_string_buffer(text)
    program = struct.pack("@HP", len(lines), ctypes.addressof(buffer))
    call("system calls filtered (seccomp)", libc.prctl, PR_SET_SECCOMP, 2, ctypes.create_string_buffer(program), 0, 0)


def refused_numbers():
    here = list(ARCHITECTURES).index(platform.machine())
    numbers = [entry.split()[1 + here] for entry in REFUSED.split(",") if entry.strip()]
    return [int(number) for number in numbers if number != "-"]


main()
