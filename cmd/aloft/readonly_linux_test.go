package main

import (
	"errors"
	"maps"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/aloft-dev/aloft"
)

// readOnlyTree names the folder that the test, run once more, mounts read-only.
const readOnlyTree = "ALOFT_TEST_READ_ONLY"

// TestAReadOnlyTree: whoever may not write is told so, root too, and nothing is
// left half made.
func TestAReadOnlyTree(t *testing.T) {
	dir := os.Getenv(readOnlyTree)
	if dir == "" {
		withMounts(t)
		return
	}
	page := map[string]string{"index.html": "<title>shop</title>"}
	fresh, made := projectOf(t, page), projectOf(t, page)
	initIn(t, made, "--yes", "--lock=false")
	for _, place := range []string{fresh, made} {
		if err := unix.Mount(place, place, "", unix.MS_BIND, ""); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Unmount(place, unix.MNT_DETACH) })
		if err := unix.Mount("", place, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ dir, command string }{
		{fresh, "init --yes --lock=false"},
		{made, "add redis"},
		{made, "set tier=standard"},
		{made, "set tier=standard --env prod"},
	} {
		t.Run(test.command, func(t *testing.T) {
			before := writtenIn(t, test.dir, nil)
			output, err := aloftIn(t, test.dir, strings.Fields(test.command)...)
			if err == nil || aloft.ErrorCode(err) != aloft.CodeUnavailable || !strings.Contains(err.Error(), "read-only file system") {
				t.Fatalf("%v\n%s", err, output)
			}
			if hint := aloft.ErrorHint(err); !strings.Contains(hint, "nothing was changed") {
				t.Errorf("the hint is %q", hint)
			}
			if after := writtenIn(t, test.dir, nil); !maps.Equal(before, after) {
				t.Errorf("there is %v", after)
			}
		})
	}
}

// withMounts runs the test once more where it may mount.
func withMounts(t *testing.T) {
	t.Helper()
	test := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	test.Env = append(os.Environ(), readOnlyTree+"=yes")
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
