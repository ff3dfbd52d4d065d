package supervise_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/supervise"
)

// orphanedEngine starts what a killed server left at work: it saves something
// when it is asked to end.
func orphanedEngine(t *testing.T, dir, saved string) *exec.Cmd {
	t.Helper()
	engine := exec.Command("sh", "-c", `trap 'echo saved > "$0"; exit' INT; echo ready; while :; do sleep 0.01; done`, saved)
	engine.Env = []string{"PATH=" + os.Getenv("PATH"), supervise.TagVariable + "=" + supervise.EngineTag(dir, alice)}
	engine.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := engine.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(output).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return engine
}

func TestAnOrphanedEngineIsAskedToEndAndWaitedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	saved := filepath.Join(t.TempDir(), "saved")
	engine := orphanedEngine(t, dir, saved)
	go func() { _ = engine.Wait() }()
	s := open(t, supervise.Options{Dir: dir})
	orphan, await := s.Orphan(alice)
	if !orphan {
		t.Fatal("it is not found")
	}
	if err := await(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(saved); err != nil {
		t.Errorf("it could not save what it had in hand: %v", err)
	}
	if orphan, _ := s.Orphan(alice); orphan {
		t.Error("it is still taken for one after its end")
	}
	if orphan, _ := s.Orphan(aloft.EnvironmentKey{Project: "shop", Environment: "bob"}); orphan {
		t.Error("another environment has one as well")
	}
}

func TestWaitingForAnOrphanEndsWithTheContext(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	engine := exec.Command("sh", "-c", `trap '' INT; echo ready; sleep 1000 & wait; wait`)
	engine.Env = []string{"PATH=" + os.Getenv("PATH"), supervise.TagVariable + "=" + supervise.EngineTag(dir, alice)}
	engine.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := engine.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = engine.Process.Kill()
		_ = engine.Wait()
	}()
	awaitText(t, output, "ready")
	s := open(t, supervise.Options{Dir: dir})
	_, await := s.Orphan(alice)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := await(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting ended with %v", err)
	}
}

func TestThePluginOfAKilledEngineIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	output, held, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	engine := exec.Command("sh", "-c", `trap '' INT; sleep 1000 & echo; wait`)
	engine.Env = []string{"PATH=" + os.Getenv("PATH"), supervise.TagVariable + "=" + supervise.EngineTag(dir, alice)}
	engine.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	engine.Stdout = held
	if err := errors.Join(engine.Start(), held.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := output.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	_ = engine.Process.Kill()
	_ = engine.Wait()
	s := open(t, supervise.Options{Dir: dir})
	_, await := s.Orphan(alice)
	if err := await(t.Context()); err != nil { // it does not end by itself: two minutes, if it were waited for
		t.Fatal(err)
	}
	if _, err := output.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("its plugin still runs: %v", err)
	}
}
