package server

import (
	"context"
	"io"
	"os"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/build"
	"github.com/aloft-dev/aloft/internal/confine"
	"github.com/aloft-dev/aloft/internal/supervise"
)

// The values of Options.Confine.
const (
	ConfineAuto = "auto" // apps and builds are confined where the kernel can
	ConfineOff  = "off"
)

// Unconfined is why apps and builds are not confined here.
const Unconfined = "this system has no Landlock, or one older than version 2"

// NewConfiner closes the server's data and the home of its user to apps and builds.
func NewConfiner(data string) *confine.Confiner {
	home, _ := os.UserHomeDir() // without one there is none to close
	return confine.New(confine.Options{
		Path:       os.Getenv("PATH"),
		Toolchains: []string{os.Getenv("JAVA_HOME"), os.Getenv("DOTNET_ROOT"), os.Getenv("GOROOT")},
		Home:       home,
		Closed:     []string{data, aloft.CacheDir("")},
	})
}

// confinement is what confines the threads that start apps and builds; nil when
// nothing does.
func (s *Server) confinement() (func(aloft.Confinement) error, error) {
	switch s.options.Confine {
	case ConfineOff:
		s.logger.Warn("apps and builds are not confined", "because", "serve --confine=off")
		return nil, nil
	case "", ConfineAuto:
		if confine.Support() == 0 {
			s.logger.Warn("apps and builds are not confined: they can read each other's files and the server's", "because", Unconfined, "more", "aloft doctor")
			return nil, nil
		}
		return NewConfiner(s.options.Data).Apply, nil
	}
	return nil, aloft.Errorf(aloft.CodeInvalid, "--confine %s: it is %s or %s", s.options.Confine, ConfineAuto, ConfineOff)
}

// runBuild runs a command of a build, which belongs to its project.
func (s *Server) runBuild(ctx context.Context, p build.Process, w io.Writer) (build.Exit, error) {
	exit, err := s.supervisor.Run(ctx, supervise.Spec{
		Key: aloft.EnvironmentKey{Project: p.Project}, App: p.App, Process: "build", Instance: 1,
		Args: p.Args, Dir: p.Dir, Env: p.Env, Confine: p.Confine,
		Memory: s.limits.hold("build-memory"), Processes: s.limits.hold("build-processes"),
	}, w)
	return build.Exit{Code: exit.Code, Reason: exit.Reason, Hint: exit.Hint}, err
}
