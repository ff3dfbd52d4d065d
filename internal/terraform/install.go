package terraform

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/opentofu/tofudl"

	"github.com/aloft-dev/aloft"
)

// pinned is the version of OpenTofu that Aloft installs.
const pinned = "1.12.6"

const (
	connectTimeout  = 3 * time.Second  // for a host of releases to answer
	responseTimeout = 10 * time.Second // for it to begin a response
	downloadTimeout = 5 * time.Minute  // for the whole release
)

// installed reports whether the cache holds the pinned engine.
func installed(cacheDir string) bool {
	_, err := os.Stat(filepath.Join(installDir(cacheDir), KindTofu))
	return err == nil
}

func installDir(cacheDir string) string {
	return filepath.Join(absolute(cacheDir), "engines", "opentofu-"+pinned)
}

// cached returns the engine of the cache, which it installs if told to. Two
// processes never install at once.
func (o FindOptions) cached(ctx context.Context, why string) (*Engine, error) {
	if engine, err := o.open(ctx, why); err == nil || !o.Install {
		return engine, err
	}
	root := filepath.Join(absolute(o.CacheDir), "engines")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, aloft.Errorf(aloft.CodeUnavailable, "cannot install OpenTofu: %w", err)
	}
	unlock, err := lockFile(ctx, filepath.Join(root, ".lock"), func() {
		fmt.Fprintln(o.Progress, "waiting for another process that is installing OpenTofu")
	})
	if err != nil {
		return nil, canceled("installing OpenTofu", err)
	}
	defer unlock()
	if engine, err := o.open(ctx, why); err == nil {
		return engine, nil
	}
	if err := o.install(ctx, root); err != nil {
		return nil, err
	}
	return o.open(ctx, why)
}

// open returns the installed engine if it runs.
func (o FindOptions) open(ctx context.Context, why string) (*Engine, error) {
	dir := installDir(o.CacheDir)
	path := filepath.Join(dir, KindTofu)
	v, err := versionOf(ctx, path)
	if err != nil {
		return nil, missing(o, fmt.Sprintf("%s and the installed one does not run: %v", why, err))
	}
	origin, err := os.ReadFile(filepath.Join(dir, "origin"))
	if err != nil {
		return nil, missing(o, fmt.Sprintf("%s and the installed one is incomplete: %v", why, err))
	}
	sentence := fmt.Sprintf("OpenTofu %s, %s, installed as %s because %s.", v, strings.TrimSpace(string(origin)), path, why)
	return &Engine{Kind: KindTofu, Path: path, Version: v, Why: sentence, cacheDir: o.CacheDir, seeds: newSeeds()}, nil
}

// install makes the engine's folder appear whole or not at all. It holds the
// lock, so that what an installation before it left behind can go.
func (o FindOptions) install(ctx context.Context, root string) error {
	leftovers, _ := filepath.Glob(filepath.Join(root, ".new-*")) // the pattern is valid
	for _, dir := range leftovers {
		_ = os.RemoveAll(dir)
	}
	work, err := os.MkdirTemp(root, ".new-*")
	if err != nil {
		return aloft.Errorf(aloft.CodeUnavailable, "cannot install OpenTofu: %w", err)
	}
	defer os.RemoveAll(work)
	ready := filepath.Join(work, "ready")
	if err := os.Mkdir(ready, 0o755); err != nil {
		return aloft.Errorf(aloft.CodeUnavailable, "cannot install OpenTofu: %w", err)
	}
	origin, err := o.obtain(ctx, work, filepath.Join(ready, KindTofu))
	if err != nil {
		return err
	}
	target := installDir(o.CacheDir)
	err = errors.Join(
		aloft.ReplaceFile(filepath.Join(ready, "origin"), []byte(origin+"\n"), 0o644),
		syncFile(filepath.Join(ready, KindTofu)),
		os.RemoveAll(target),
	)
	if err == nil {
		err = os.Rename(ready, target)
	}
	if err != nil {
		return aloft.Errorf(aloft.CodeUnavailable, "cannot install OpenTofu: %w", err)
	}
	return nil
}

// obtain puts the program at target, in one of the two ways, and says which.
func (o FindOptions) obtain(ctx context.Context, work, target string) (origin string, err error) {
	fmt.Fprintf(o.Progress, "downloading OpenTofu %s\n", pinned)
	downloadErr := download(ctx, target)
	if downloadErr == nil {
		return "a release verified by its signature", nil
	}
	downloadErr = innermost(downloadErr)
	if ctx.Err() != nil {
		return "", canceled("installing OpenTofu", ctx.Err())
	}
	fmt.Fprintf(o.Progress, "no release can be reached (%v)\n", downloadErr)
	toolchain := programs(o.Path, "go")
	if len(toolchain) == 0 {
		return "", missing(o, fmt.Sprintf("no release can be reached (%v), and without Go it cannot be built", downloadErr))
	}
	return compile(ctx, compileRequest{Toolchain: toolchain[0], Work: work, Target: target, Path: o.Path, Progress: o.Progress})
}

// download writes the pinned release, checked against the signed checksums, to target.
func download(ctx context.Context, target string) error {
	ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
	defer cancel()
	downloader, err := tofudl.New(tofudl.ConfigHTTPClient(&http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout:   connectTimeout,
		ResponseHeaderTimeout: responseTimeout,
		ForceAttemptHTTP2:     true,
	}}))
	if err != nil {
		return err
	}
	program, err := downloader.Download(ctx, tofudl.DownloadOptVersion(pinned))
	if err != nil {
		return err
	}
	return aloft.ReplaceFile(target, program, 0o755)
}

// innermost returns the error at the end of a chain: of a failed download that
// says what the others repeat.
func innermost(err error) error {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err
}
