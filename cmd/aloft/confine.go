package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/build"
	"github.com/aloft-dev/aloft/internal/confine"
	"github.com/aloft-dev/aloft/internal/supervise"
)

// The values of serve --confine.
const (
	confineAuto = "auto"
	confineOff  = "off"
)

// newConfiner closes the server's data and the home of its user to apps and builds.
func newConfiner(data string) *confine.Confiner {
	home, _ := os.UserHomeDir() // without one there is none to close
	return confine.New(confine.Options{
		Path:       os.Getenv("PATH"),
		Toolchains: []string{os.Getenv("JAVA_HOME"), os.Getenv("DOTNET_ROOT"), os.Getenv("GOROOT")},
		Home:       home,
		Closed:     []string{data, cacheDir("")},
	})
}

// confinement is what confines the threads that start apps and builds; nil when
// nothing does.
func (s *server) confinement() (func(aloft.Confinement) error, error) {
	switch s.options.Confine {
	case confineOff:
		s.logger.Warn("apps and builds are not confined", "because", "serve --confine=off")
		return nil, nil
	case "", confineAuto:
		if confine.Support() == 0 {
			s.logger.Warn("apps and builds are not confined: they can read each other's files and the server's", "because", unsupported, "more", "aloft doctor")
			return nil, nil
		}
		return newConfiner(s.options.Data).Apply, nil
	}
	return nil, misuse{aloft.Errorf(aloft.CodeInvalid, "--confine %s: it is %s or %s", s.options.Confine, confineAuto, confineOff)}
}

// runBuild runs a command of a build, which belongs to its project.
func (s *server) runBuild(ctx context.Context, p build.Process, w io.Writer) (build.Exit, error) {
	exit, err := s.supervisor.Run(ctx, supervise.Spec{
		Key: aloft.EnvironmentKey{Project: p.Project}, App: p.App, Process: "build", Instance: 1,
		Args: p.Args, Dir: p.Dir, Env: p.Env, Confine: p.Confine,
		Memory: s.limits.hold("build-memory"), Processes: s.limits.hold("build-processes"),
	}, w)
	return build.Exit{Code: exit.Code, Reason: exit.Reason, Hint: exit.Hint}, err
}

const unsupported = "this system has no Landlock, or one older than version 2"

// checkConfinement looks whether a confined process is really kept from a file.
func checkConfinement(ctx context.Context) finding {
	const name = "confinement"
	version := confine.Support()
	if version == 0 {
		return finding{name, verdictMissing, unsupported + ": apps and builds can read each other's files and the server's",
			"use Linux 5.19 or newer with Landlock among its security modules (lsm=landlock,… at boot), or serve only people who may see it all"}
	}
	if err := newConfiner(dataPath()).Prove(ctx); err != nil {
		return finding{name, verdictBad, err.Error(), "aloft serve --confine=off runs without, if you may"}
	}
	detail := fmt.Sprintf("apps and builds reach their own files only (Landlock ABI %d, tried)", version)
	if version < 6 {
		return finding{name, verdictMissing, detail + ", but can signal other processes", "use Linux 6.12 or newer"}
	}
	return finding{name, verdictOK, detail, ""}
}
