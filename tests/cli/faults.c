/* Makes the n-th call of one kind fail in the program it is preloaded into.
 *
 * FAULT_CALL    read write open close lseek ftruncate mkdir rename mmap sync thread
 * FAULT_N       which call of that kind, from 1, counted over all threads
 * FAULT_ERRNO   with what it fails
 * FAULT_STICKY  if set, all later calls of that kind fail too, as on a full disk
 * FAULT_LOG     a file that gets the number of calls, 8 bytes in the machine's order
 *
 * Only regular files, folders and pipes count, and not those of the system. The program renames without the C library: that
 * is caught with seccomp. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

static const char *call = "";
static long nth, ours, *count = &ours;
static int error_number, sticky;

static void on_rename(int signal, siginfo_t *info, void *context);

__attribute__((constructor)) static void start(void) {
    if (!getenv("FAULT_CALL")) return;
    call = getenv("FAULT_CALL");
    nth = atol(getenv("FAULT_N"));
    error_number = atoi(getenv("FAULT_ERRNO"));
    sticky = getenv("FAULT_STICKY") != 0;
    int log = syscall(SYS_openat, AT_FDCWD, getenv("FAULT_LOG"), O_RDWR | O_CREAT | O_TRUNC, 0644);
    syscall(SYS_ftruncate, log, sizeof *count);
    count = (void *)syscall(SYS_mmap, 0, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, log, 0);
    syscall(SYS_close, log);
    unsetenv("LD_PRELOAD");
    if (strcmp(call, "rename")) return;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ, SYS_rename, 1, 0), BPF_JUMP(BPF_JMP | BPF_JEQ, SYS_renameat, 0, 1),
        BPF_STMT(BPF_RET, SECCOMP_RET_TRAP), BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    sigaction(SIGSYS, &(struct sigaction){.sa_sigaction = on_rename, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART}, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) abort();
}

static int of_the_system(const char *path) {
    return !strncmp(path, "/proc", 5) || !strncmp(path, "/sys", 4)
        || (!strncmp(path, "/dev/", 5) && strncmp(path, "/dev/shm", 8));
}

/* Counts a call of `kind` on a path, or on `fd` if there is none, and tells whether it is to fail. */
static int fails(const char *kind, const char *path, int fd) {
    char name[PATH_MAX] = "", link[32];
    struct stat is;
    if (strcmp(kind, call)) return 0;
    if (!path) {
        if (fd <= 2 || syscall(SYS_fstat, fd, &is)) return 0;
        if (!(S_ISREG(is.st_mode) || S_ISFIFO(is.st_mode) || S_ISDIR(is.st_mode))) return 0;
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (syscall(SYS_readlink, link, name, sizeof name - 1) < 0) return 0;
        path = name;
    }
    if (of_the_system(path)) return 0;
    long number = __atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
    return number == nth || (sticky && number > nth);
}

#define REAL(name) ({ static __typeof__(&name) real; if (!real) real = dlsym(RTLD_NEXT, #name); real; })
#define MAY_FAIL(kind, path, fd, with) if (fails(kind, path, fd)) { errno = error_number; return with; }
#define MODE va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest);

ssize_t read(int fd, void *to, size_t n) { MAY_FAIL("read", 0, fd, -1) return REAL(read)(fd, to, n); }
ssize_t readv(int fd, const struct iovec *v, int n) { MAY_FAIL("read", 0, fd, -1) return REAL(readv)(fd, v, n); }
ssize_t write(int fd, const void *from, size_t n) { MAY_FAIL("write", 0, fd, -1) return REAL(write)(fd, from, n); }
ssize_t writev(int fd, const struct iovec *v, int n) { MAY_FAIL("write", 0, fd, -1) return REAL(writev)(fd, v, n); }
int open(const char *path, int flags, ...) { MODE MAY_FAIL("open", path, 0, -1) return REAL(open)(path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE MAY_FAIL("open", path, 0, -1) return REAL(open64)(path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE MAY_FAIL("open", path, 0, -1) return REAL(openat64)(at, path, flags, mode); }
int close(int fd) { int failed = fails("close", 0, fd), done = REAL(close)(fd); if (failed) errno = error_number; return failed ? -1 : done; }
off64_t lseek64(int fd, off64_t to, int from) { MAY_FAIL("lseek", 0, fd, -1) return REAL(lseek64)(fd, to, from); }
int ftruncate64(int fd, off64_t to) { MAY_FAIL("ftruncate", 0, fd, -1) return REAL(ftruncate64)(fd, to); }
int fdatasync(int fd) { MAY_FAIL("sync", 0, fd, -1) return REAL(fdatasync)(fd); }
int fsync(int fd) { MAY_FAIL("sync", 0, fd, -1) return REAL(fsync)(fd); }
int mkdir(const char *path, mode_t mode) { MAY_FAIL("mkdir", path, 0, -1) return REAL(mkdir)(path, mode); }
void *mmap64(void *at, size_t n, int how, int flags, int fd, off64_t from) { MAY_FAIL("mmap", 0, fd, MAP_FAILED) return REAL(mmap64)(at, n, how, flags, fd, from); }
int pthread_create(pthread_t *thread, const pthread_attr_t *with, void *(*run)(void *), void *data) {
    return fails("thread", "a thread", 0) ? error_number : REAL(pthread_create)(thread, with, run, data); }

static void on_rename(int signal, siginfo_t *info, void *context) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    int at = registers[REG_RAX] == SYS_renameat;
    const char *from = (char *)registers[at ? REG_RSI : REG_RDI], *to = (char *)registers[at ? REG_R10 : REG_RSI];
    int before = errno;
    errno = error_number;
    int failed = fails("rename", to, 0)
        || syscall(SYS_renameat2, at ? registers[REG_RDI] : AT_FDCWD, from, at ? registers[REG_RDX] : AT_FDCWD, to, 0);
    registers[REG_RAX] = failed ? -errno : 0;
    errno = before;
}
