package supervise

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aloft-dev/aloft"
)

// TagVariable is the environment variable that marks our processes.
const TagVariable = "ALOFT_TAG"

// Spec says what to run.
type Spec struct {
	Key       aloft.EnvironmentKey `json:"-"` // without an environment: a build, which is the project's
	App       string               `json:"app"`
	Process   string               `json:"process"`           // "web", "worker"…
	Instance  int                  `json:"instance"`          // from 1
	Release   int64                `json:"release,omitempty"` // number of the release it belongs to
	Args      []string             `json:"args"`              // the program is looked for on Env's PATH
	Dir       string               `json:"dir"`               // working directory
	Env       []string             `json:"-"`                 // NAME=value, complete: nothing but ALOFT_TAG is added
	Port      int                  `json:"port,omitempty"`    // for the caller to find its processes by; not used here
	Confine   *aloft.Confinement   `json:"-"`                 // what it may reach; nil = not confined
	Memory    Limit                `json:"-"`                 // bytes that it and its descendants may use; no Max = that of Options
	Processes Limit                `json:"-"`                 // that it may grow to, itself included; no Max = that of Options
}

// Limit is the most of something that a process may use.
type Limit struct {
	Max  int64
	Hint string // how to change it, for people
}

// Name returns the process and its instance, such as "web.1".
func (s Spec) Name() string { return fmt.Sprintf("%s.%d", s.Process, s.Instance) }

func (s Spec) validate() error {
	if err := s.validateKey(); err != nil {
		return err
	}
	if err := aloft.ValidateAppName(s.App); err != nil {
		return err
	}
	if len(s.Args) == 0 || s.Args[0] == "" {
		return aloft.Errorf(aloft.CodeInvalid, "cannot start %s of %s: it has no command", s.Name(), s.App)
	}
	return nil
}

func (s Spec) validateKey() error {
	if s.Key.Environment == "" {
		return aloft.ValidateProjectName(s.Key.Project)
	}
	return s.Key.Validate()
}

func (s Spec) variable(name string) string {
	value := ""
	for _, pair := range s.Env {
		if rest, ok := strings.CutPrefix(pair, name+"="); ok {
			value = rest
		}
	}
	return value
}

// program finds the program of s as a shell in s.Dir would: on the PATH that
// the process will have, never on ours.
func (s Spec) program() (string, error) {
	if info, err := os.Stat(s.Dir); err != nil || !info.IsDir() {
		return "", fmt.Errorf("its folder %s does not exist", s.Dir)
	}
	name := s.Args[0]
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(s.Dir, name)
		}
		if !executable(name) {
			return "", fmt.Errorf("%s is not a program", s.Args[0])
		}
		return name, nil
	}
	for _, folder := range filepath.SplitList(s.variable("PATH")) {
		if !filepath.IsAbs(folder) {
			folder = filepath.Join(s.Dir, folder)
		}
		if path := filepath.Join(folder, name); executable(path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("there is no program %s on its PATH", name)
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
