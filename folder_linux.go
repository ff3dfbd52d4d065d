package aloft

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unsafe"
)

// What chattr +i and +a set, from linux/fs.h.
const (
	getFlags   = 2<<30 | unsafe.Sizeof(uintptr(0))<<16 | 'f'<<8 | 1 // FS_IOC_GETFLAGS
	setFlags   = 1<<30 | unsafe.Sizeof(uintptr(0))<<16 | 'f'<<8 | 2 // FS_IOC_SETFLAGS
	unchanging = 0x10 | 0x20                                        // FS_IMMUTABLE_FL, FS_APPEND_FL
	mountedAt  = 4                                                  // field of a line of mountinfo
)

// makeMutable takes from a file what forbids to change or to remove it.
func makeMutable(file *os.File) {
	var flags uintptr // the kernel uses 4 bytes of it
	_, _, failed := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), getFlags, uintptr(unsafe.Pointer(&flags)))
	if failed != 0 || flags&unchanging == 0 {
		return
	}
	flags &^= unchanging
	_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), setFlags, uintptr(unsafe.Pointer(&flags))) // refused: so is the removal
}

// unmountBelow ends what is mounted on a folder or below it, so that nothing of
// another place is removed.
func unmountBelow(path string) error {
	parent, err := filepath.EvalSymlinks(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		parent, err = filepath.Abs(parent)
	}
	if err != nil {
		return err
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil // without /proc nobody can tell
	}
	folder := filepath.Join(parent, filepath.Base(path))
	for _, line := range slices.Backward(strings.Split(string(mounts), "\n")) { // the newest first
		fields := strings.Fields(line)
		if len(fields) <= mountedAt {
			continue
		}
		point := unescape(fields[mountedAt])
		if point != folder && !strings.HasPrefix(point, folder+string(filepath.Separator)) {
			continue
		}
		if err := syscall.Unmount(point, syscall.MNT_DETACH); err != nil && !errors.Is(err, syscall.EINVAL) { // EINVAL: gone with another
			return Errorf(CodeConflict, "cannot remove %s: something is mounted at %s: %w", path, point, err).
				WithHint("unmount it, as root: umount %s", ShellWord(point))
		}
	}
	return nil
}

// unescape reads a path of mountinfo, which writes blanks and \ as octal numbers.
func unescape(text string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(text)
}
