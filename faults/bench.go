package main

import (
	"context"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"

	"github.com/aloft-dev/aloft"
)

// diskSize is how large the disk of a data folder is, in bytes: room for
// PostgreSQL and some more, quickly filled.
const diskSize = 256 << 20

// sweepEvery is how often servers look at everything, so that what no event told
// is found soon.
const sweepEvery = "1s"

// environments are the names that rounds choose from.
var environments = []string{"alice", "bob", "carol"}

// bench is all that the suite works with: programs, the fake cloud, and the
// world in which faults are injected.
type bench struct {
	dir     string
	program string // aloft
	clock   clock
	cloud   *cloud
	sweep   string // how often servers look at everything
	long    bool   // what may be long is
	worlds  int    // so far
	world
}

// world is a server with its data and the projects that are pushed to it. When
// something in it is broken, the next round gets a new one.
type world struct {
	server   *server
	records  records
	projects map[string]*project // by environment
}

func openBench(ctx context.Context, o options) (b *bench, err error) {
	b = &bench{sweep: sweepEvery, long: o.long}
	if b.dir, err = os.MkdirTemp("", "faults-"); err != nil {
		return nil, err
	}
	b.program = filepath.Join(b.dir, "aloft")
	b.clock = clock{filepath.Join(b.dir, "clock")}
	self, err := os.Executable()
	if err != nil {
		return b, err
	}
	caches, err := os.UserCacheDir()
	if err != nil {
		return b, err
	}
	engines := filepath.Join(caches, "aloft", "engines") // an engine that has to be made is made once
	for _, folder := range []string{"bin", "home", "tmp", "cache/aloft"} {
		err = errors.Join(err, os.MkdirAll(filepath.Join(b.dir, folder), 0o755))
	}
	err = errors.Join(err,
		os.MkdirAll(engines, 0o755),
		os.Symlink(engines, filepath.Join(b.dir, "cache", "aloft", "engines")),
		os.Symlink(self, filepath.Join(b.dir, "bin", appProgram)),
		install(self, filepath.Join(b.dir, "home")))
	if err != nil {
		return b, err
	}
	if b.cloud, err = openCloud(mathrand.New(mathrand.NewPCG(o.seed, 1))); err != nil {
		return b, err
	}
	return b, buildServer(ctx, b.dir, b.program)
}

// environ is the environment of a server: nothing of it leads out of the bench.
func (b *bench) environ() []string {
	return []string{
		"PATH=" + filepath.Join(b.dir, "bin") + string(os.PathListSeparator) + os.Getenv("PATH"),
		"HOME=" + filepath.Join(b.dir, "home"),
		"TMPDIR=" + b.temp(),
		"XDG_CACHE_HOME=" + filepath.Join(b.dir, "cache"),
		"XDG_CONFIG_HOME=" + filepath.Join(b.dir, "home", ".config"),
		"GIT_CONFIG_NOSYSTEM=1",
		clockVariable + "=" + b.clock.path,
	}
}

func (b *bench) temp() string { return filepath.Join(b.dir, "tmp") }

// renew gives the bench a new world with a running server.
func (b *bench) renew(ctx context.Context) error {
	if err := b.leave(); err != nil {
		return err
	}
	b.worlds++
	dir := filepath.Join(b.dir, fmt.Sprintf("world%d", b.worlds))
	if err := mountDisk(filepath.Join(dir, "data"), diskSize); err != nil {
		return err
	}
	server, err := newServer(b.program, dir, b.sweep, b.environ())
	if err != nil {
		return err
	}
	b.world = world{server: server, projects: map[string]*project{}}
	if err := errors.Join(b.clock.set(0), server.start(ctx)); err != nil {
		return err
	}
	if b.records, err = openRecords(server.data("aloft.db")); err != nil {
		return err
	}
	for _, name := range environments {
		if b.projects[name], err = newProject(filepath.Join(dir, name), name, server, b.newestRun, b.cloud.url); err != nil {
			return err
		}
	}
	return nil
}

// leave ends a world with everything in it, whatever state it is in.
func (b *bench) leave() error {
	if b.server == nil {
		return nil
	}
	err := b.server.stop()
	if b.records.db != nil {
		err = errors.Join(err, b.records.close())
	}
	if p, postmasterErr := b.server.postmaster(); postmasterErr == nil {
		err = errors.Join(err, p.kill())
	}
	left, leftErr := b.server.processes()
	for _, p := range left {
		_ = p.kill() // it may have ended since
	}
	for _, thing := range b.cloud.of("") {
		b.cloud.forget(thing.ID)
	}
	err = errors.Join(err, leftErr, unmountDisk(b.server.data()))
	b.world = world{}
	return err
}

func (b *bench) close(keep bool) error {
	var err error
	if keep {
		fmt.Printf("the folder is %s; the data folder of its world was a disk in memory and is gone\n", b.dir)
	}
	err = b.leave()
	if b.cloud != nil {
		err = errors.Join(err, b.cloud.close())
	}
	if !keep {
		err = errors.Join(err, os.RemoveAll(b.dir))
	}
	return err
}

// up makes sure that the server runs.
func (b *bench) up(ctx context.Context) error {
	if b.server.alive() {
		return nil
	}
	return b.server.start(ctx)
}

// newestRun returns the ID of the newest run in the records as they are now.
func (b *bench) newestRun() (int64, error) { return b.records.newest() }

// withoutRecords runs do while the suite has the records' file not open, as it
// has to be for a file that is moved or replaced.
func (b *bench) withoutRecords(do func() error) error {
	err := errors.Join(b.records.close(), do())
	opened, openErr := openRecords(b.server.data("aloft.db"))
	b.records = opened
	return errors.Join(err, openErr)
}

func keyOf(environment string) aloft.EnvironmentKey {
	return aloft.EnvironmentKey{Project: projectName, Environment: environment}
}

// save copies what tells of a broken world out of it, and returns where.
func (b *bench) save() string {
	dir := filepath.Join(os.TempDir(), filepath.Base(b.dir)+fmt.Sprintf("-world%d", b.worlds))
	for _, pattern := range []string{"server.log", "data/runs/*.log", "data/runs/*/apply.ndjson"} {
		found, _ := filepath.Glob(filepath.Join(b.server.dir, pattern)) // the pattern is ours
		for _, path := range found {
			name, _ := filepath.Rel(b.server.dir, path)
			text, err := os.ReadFile(path)
			if err == nil {
				err = errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755), os.WriteFile(filepath.Join(dir, name), text, 0o644))
			}
			if err != nil {
				return fmt.Sprintf("%s (not all: %v)", dir, err)
			}
		}
	}
	return dir
}
