package confine

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// system are the folders of the operating system that every child may read. Of
// /run it is what tells how to resolve names; there is no socket of a container
// engine in the list, and no /tmp.
var system = []string{
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix", "/snap", "/proc", "/sys",
	"/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/run/nscd", "/run/current-system",
	"/mnt/wsl/resolv.conf", "/var/lib/ca-certificates",
}

// devices may be written to. Disks and memory are devices too, which is why they
// are named one by one.
var devices = []string{
	"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts",
}

// sharedMemory is where POSIX semaphores and shared memory are, of every process
// of the machine. Their names cannot be listed, so that one needs to know them.
const sharedMemory = "/dev/shm"

const (
	reading = ll.AccessFSExecute | ll.AccessFSReadFile | ll.AccessFSReadDir
	files   = ll.AccessFSExecute | ll.AccessFSReadFile | ll.AccessFSWriteFile | ll.AccessFSTruncate | ll.AccessFSIoctlDev
	// writing leaves out making devices: one of a disk would open all that is on it.
	writing = reading | ll.AccessFSWriteFile | ll.AccessFSTruncate | ll.AccessFSRemoveDir | ll.AccessFSRemoveFile |
		ll.AccessFSMakeDir | ll.AccessFSMakeReg | ll.AccessFSMakeSock | ll.AccessFSMakeFifo | ll.AccessFSMakeSym |
		ll.AccessFSRefer | ll.AccessFSResolveUnix
	sharing = ll.AccessFSReadFile | ll.AccessFSWriteFile | ll.AccessFSTruncate | ll.AccessFSMakeReg | ll.AccessFSRemoveFile
)

// leastSupport is the first version that lets files be moved between folders,
// which builds do.
const leastSupport = 2

// Support is the version of Landlock's interface that the kernel has, 0 when
// nothing is confined. From 6 on signals and abstract sockets are closed as well.
func Support() int {
	version, err := ll.LandlockGetABIVersion()
	if err != nil || version < leastSupport {
		return 0
	}
	return version
}

// restrict gives up all rights of the thread but those to read and to write.
func restrict(read, write []string) error {
	rules := []landlock.Rule{
		allow(reading, read), allow(files|writing&^ll.AccessFSExecute, devices), allow(sharing, []string{sharedMemory}), allow(writing, write),
	}
	config := landlock.V11
	config.HandledAccessNet = 0 // apps serve and call whom they like
	fd, flags, err := config.BestEffort().NewRulesetFD(rules...)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := dropCapabilities(); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("prctl: %w", err)
	}
	return ll.LandlockRestrictSelf(fd, flags)
}

// allow grants rights to what exists of paths: to files those that files have.
func allow(rights landlock.AccessFSSet, paths []string) landlock.Rule {
	var forFiles, forFolders []string
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err != nil:
		case info.IsDir():
			forFolders = append(forFolders, path)
		default:
			forFiles = append(forFiles, path)
		}
	}
	return landlock.CompositeRule(landlock.PathAccess(rights, forFolders...), landlock.PathAccess(rights&files, forFiles...))
}

// kept are the capabilities that the processes of a server which runs as root
// keep: what builds and servers of files, ports and users need. None of them
// leads around Landlock, to disks or to the kernel.
var kept = []uintptr{
	unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FOWNER, unix.CAP_FSETID, unix.CAP_KILL,
	unix.CAP_SETGID, unix.CAP_SETUID, unix.CAP_NET_BIND_SERVICE,
}

// dropCapabilities takes all others from what the thread will start.
func dropCapabilities() error {
	if os.Geteuid() != 0 {
		return nil
	}
	for capability := uintptr(0); capability <= unix.CAP_LAST_CAP; capability++ {
		if slices.Contains(kept, capability) {
			continue
		}
		err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0)
		if err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EPERM) { // unknown to this kernel, or not ours to give
			return fmt.Errorf("prctl: %w", err)
		}
	}
	return nil
}
