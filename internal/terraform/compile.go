package terraform

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/aloft-dev/aloft"
)

// The module that builds the pinned engine. Its checksums stand in our tree, so
// that what is built is what was reviewed, whatever a proxy serves. To move to
// another version, put both files into an empty folder under their usual names,
// with a Go file that imports enginePackage for its effects; there run go get
// github.com/opentofu/opentofu@vX.Y.Z, take over the replace directives of its
// go.mod, run go mod tidy, and copy both back. Then change pinned.
//
//go:embed engine/go.mod.txt
var engineModule []byte

//go:embed engine/go.sum.txt
var engineSums []byte

const (
	enginePackage    = "github.com/opentofu/opentofu/cmd/tofu"
	enginePackages   = 1800 // about how many packages are compiled
	progressInterval = 10 * time.Second
)

// goVariables are what a Go build may read of our environment, beside environ's.
var goVariables = []string{
	"GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOTOOLCHAIN",
	"GOMODCACHE", "GOPATH", "GOENV", "GOAUTH", "XDG_CONFIG_HOME",
}

type compileRequest struct {
	Toolchain string    // path of the go program
	Work      string    // an empty folder for the module and the build cache, removed by the caller
	Target    string    // where the program goes
	Path      string    // PATH of the toolchain
	Progress  io.Writer // a line every progressInterval
}

// compile builds the pinned OpenTofu and says what built it.
func compile(ctx context.Context, r compileRequest) (origin string, err error) {
	module, cache := filepath.Join(r.Work, "module"), filepath.Join(r.Work, "cache")
	err = errors.Join(os.Mkdir(module, 0o755), os.Mkdir(cache, 0o755))
	if err == nil {
		err = errors.Join(
			os.WriteFile(filepath.Join(module, "go.mod"), engineModule, 0o644),
			os.WriteFile(filepath.Join(module, "go.sum"), engineSums, 0o644))
	}
	if err != nil {
		return "", aloft.Errorf(aloft.CodeUnavailable, "cannot build OpenTofu: %w", err)
	}
	toolchain, err := r.command(ctx, module, cache, "env", "GOVERSION").Output()
	if err != nil {
		return "", aloft.Errorf(aloft.CodeUnavailable, "cannot build OpenTofu: %s does not run: %w", r.Toolchain, err)
	}
	goVersion := strings.TrimSpace(string(toolchain))
	fmt.Fprintf(r.Progress, "building OpenTofu %s with %s, once; it takes some minutes\n", pinned, goVersion)
	cmd := r.command(ctx, module, cache, "build", "-v", "-trimpath",
		"-ldflags", "-s -w -X github.com/opentofu/opentofu/version.dev=no", "-o", r.Target, enginePackage)
	if err := watch(ctx, cmd, r.Progress); err != nil {
		return "", err
	}
	return "built from pinned sources with " + goVersion, nil
}

func (r compileRequest) command(ctx context.Context, dir, cache string, args ...string) *exec.Cmd {
	set := map[string]string{
		"PATH": r.Path, "GOCACHE": cache, "GOFLAGS": "-mod=readonly -buildvcs=false",
		"GOWORK": "off", "CGO_ENABLED": "0", "GOTMPDIR": r.Work,
	}
	for _, name := range goVariables {
		if value, ok := os.LookupEnv(name); ok {
			set[name] = value
		}
	}
	cmd := exec.CommandContext(ctx, r.Toolchain, args...)
	cmd.Dir, cmd.Env = dir, environ(set)
	ownGroup(cmd)
	cmd.Cancel = func() error { return killGroup(cmd) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// watch runs a verbose go build and tells how far it is.
func watch(ctx context.Context, cmd *exec.Cmd, progress io.Writer) error {
	count := &buildCount{}
	out := newLineWriter(count.line)
	cmd.Stderr = out
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return aloft.Errorf(aloft.CodeUnavailable, "cannot build OpenTofu: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	tick := time.NewTicker(progressInterval)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			out.Close()
			return count.result(ctx, err)
		case <-tick.C:
			fmt.Fprintf(progress, "%s (%s)\n", count, time.Since(start).Round(time.Second))
		}
	}
}

// buildCount reads the lines of a verbose go build.
type buildCount struct {
	mu       sync.Mutex
	modules  int
	packages int
	last     []string // the newest lines that are neither
}

func (b *buildCount) line(line []byte) {
	text := string(line)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case strings.HasPrefix(text, "go: downloading "):
		b.modules++
	case !strings.ContainsAny(text, " :"):
		b.packages++
	default:
		b.last = append(b.last, text)
		b.last = b.last[max(0, len(b.last)-5):]
	}
}

// String says how far the build is.
func (b *buildCount) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.packages == 0 {
		return fmt.Sprintf("building OpenTofu: %d modules downloaded", b.modules)
	}
	return fmt.Sprintf("building OpenTofu: %d of about %d packages compiled", b.packages, max(enginePackages, b.packages))
}

func (b *buildCount) result(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return canceled("building OpenTofu", ctx.Err())
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return aloft.Errorf(aloft.CodeUnavailable, "cannot build OpenTofu: %s: %w", strings.Join(b.last, "; "), err).
		WithHint("install OpenTofu %s or newer: https://opentofu.org/docs/intro/install", OldestTofu)
}
