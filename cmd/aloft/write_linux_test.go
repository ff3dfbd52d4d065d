package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/aloft-dev/aloft"
)

// ownMounts marks the test that was run once more, where it may mount.
const ownMounts = "ALOFT_TEST_MOUNTS"

// TestTreesThatCannotBeWritten: whoever may not write is told so, root too, and
// nothing is left half made.
func TestTreesThatCannotBeWritten(t *testing.T) {
	if os.Getenv(ownMounts) == "" {
		withMounts(t)
		return
	}
	page := map[string]string{"index.html": "<title>shop</title>"}
	fresh, made, full := projectOf(t, page), projectOf(t, page), projectOf(t, page)
	initIn(t, made, "--yes", "--lock=false")
	for _, dir := range []string{fresh, made} {
		mount(t, dir, dir, "", unix.MS_BIND, "")
		mount(t, "", dir, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")
	}
	mount(t, "tmpfs", full, "tmpfs", 0, "size=100k")
	if output, err := exec.Command("git", "init", "-q", "--template=", full).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	for _, test := range []struct{ name, dir, command, cause, hint string }{
		{"init where nothing may be written", fresh, "init --yes --lock=false", "read-only file system", "make the folder writable"},
		{"add where nothing may be written", made, "add redis", "read-only file system", "make the folder writable"},
		{"set where nothing may be written", made, "set tier=standard", "read-only file system", "make the folder writable"},
		{"set for one environment where nothing may be written", made, "set tier=standard --env prod", "read-only file system", "make the folder writable"},
		{"init on a disk without room", full, "init --yes --lock=false --runtime node", "no space left on device", "the disk has room"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := entriesOf(t, test.dir)
			output, err := aloftIn(t, test.dir, strings.Fields(test.command)...)
			if aloft.ErrorCode(err) != aloft.CodeUnavailable || !strings.Contains(err.Error(), test.cause) {
				t.Fatalf("%v, want %s\n%s", err, test.cause, output)
			}
			if hint := aloft.ErrorHint(err); !strings.Contains(hint, "nothing was changed") || !strings.Contains(hint, test.hint) {
				t.Errorf("the hint is %q", hint)
			}
			if after := entriesOf(t, test.dir); !slices.Equal(before, after) {
				t.Errorf("there is %v, and was %v", after, before)
			}
		})
	}
}

// entriesOf lists files and folders, but for git's.
func entriesOf(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, _ fs.DirEntry, err error) error {
		if name == ".git" {
			return fs.SkipDir
		}
		list = append(list, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func mount(t *testing.T, source, target, kind string, flags uintptr, data string) {
	t.Helper()
	if err := unix.Mount(source, target, kind, flags, data); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(target, unix.MNT_DETACH) }) // before its folder is removed
}

// withMounts runs the test once more where it may mount.
func withMounts(t *testing.T) {
	t.Helper()
	test := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	test.Env = append(os.Environ(), ownMounts+"=yes")
	test.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	output, err := test.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Skip("this system lets nobody have a user namespace")
	}
	if err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}
