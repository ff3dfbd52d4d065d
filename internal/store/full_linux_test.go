package store_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/store"
)

// smallDisk names the folder on which the test, run once more, mounts a disk.
const smallDisk = "STORE_TEST_SMALL_DISK"

func TestAStateFindsRoomOnAFullDisk(t *testing.T) {
	dir := os.Getenv(smallDisk)
	if dir == "" {
		onSmallDisk(t)
		return
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=400m"); err != nil {
		t.Fatal(err)
	}
	options := store.Options{DSN: filepath.Join(dir, "aloft.db"), Sealer: sealer(t)}
	s, err := store.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	reserve := filepath.Join(dir, "aloft.db.reserve")
	if _, err := os.Stat(reserve); err != nil {
		t.Fatalf("nothing is kept free: %v", err)
	}
	if _, err := s.CreateProject(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	ballast := fill(t, dir)
	state := bytes.Repeat([]byte("state"), 1<<20)
	var serial int64
	put := func() error {
		serial++
		_, err := s.PutState(t.Context(), aloft.StateVersion{EnvironmentKey: key, Serial: serial}, state, "")
		return err
	}
	if err := put(); err != nil {
		t.Errorf("a state is lost: %v", err)
	}
	if _, stored, err := s.State(t.Context(), key, 0); err != nil || !bytes.Equal(stored, state) {
		t.Errorf("the state is not what was stored: %v", err)
	}
	rest := fill(t, dir)
	for err = put(); err == nil; {
		err = put()
	}
	if aloft.ErrorCode(err) != aloft.CodeUnavailable || aloft.ErrorHint(err) == "" {
		t.Errorf("a disk without any room: %v", err)
	}
	if err := errors.Join(os.Remove(ballast), os.Remove(rest)); err != nil {
		t.Fatal(err)
	}
	if err := put(); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	openWith(t, options)
	if _, err := os.Stat(reserve); err != nil {
		t.Errorf("nothing is kept free again: %v", err)
	}
}

// onSmallDisk runs the test once more where it may mount a disk of its own.
func onSmallDisk(t *testing.T) {
	t.Helper()
	test := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	test.Env = append(os.Environ(), smallDisk+"="+t.TempDir())
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

// fill takes all that is left of the disk.
func fill(t *testing.T, dir string) string {
	t.Helper()
	file, err := os.CreateTemp(dir, "ballast")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	piece := make([]byte, 64<<10)
	for err == nil {
		_, err = file.Write(piece)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return file.Name()
}
