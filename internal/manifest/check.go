package manifest

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aloft-dev/aloft"
)

// The values that a key may take.
var (
	engines  = []string{"tofu", "terraform"}
	runtimes = []string{"go", "node", "python", "java", "dotnet", "php", "ruby", "rust", "static", "procfile", "docker"}
)

// Rules of values; schema.json says the same.
var (
	patternRule           = regexp.MustCompile(`^[a-z0-9*?\[\]^-]{1,40}$`)
	versionRule           = regexp.MustCompile(`^[0-9A-Za-z^~<>=*][0-9A-Za-z.^~<>=*|, +_-]{0,39}$`)
	variableRule          = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)
	terraformVariableRule = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,127}$`)
	healthRule            = regexp.MustCompile(`^/[!-~]*$`)
)

// maxHealthTimeout bounds how long a release may take to answer.
const maxHealthTimeout = time.Hour

// failAt reports a problem with the value at a path.
func (d *decoder) failAt(at, format string, args ...any) {
	where, ok := d.values[at]
	if !ok {
		where = d.keys[at]
	}
	d.fail(where, at+": "+format, args...)
}

// failKey reports a problem with the key at a path.
func (d *decoder) failKey(at string, err error) {
	text := err.Error()
	if hint := aloft.ErrorHint(err); hint != "" {
		text += " (" + hint + ")"
	}
	d.fail(d.keys[at], "%s", text)
}

func (d *decoder) has(at string) bool {
	_, ok := d.keys[at]
	return ok
}

func (d *decoder) check(m Manifest) {
	if d.has("project") {
		if err := aloft.ValidateProjectName(m.Project); err != nil {
			d.failValue("project", err)
		}
	}
	if d.has("engine") {
		d.oneOf("engine", m.Engine, engines)
	}
	if d.has("terraform") {
		d.inside("terraform", m.Terraform, "the repository")
	}
	for i, pattern := range m.Protected {
		d.pattern(m, i, pattern)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Environments)) {
		d.environment(name, m.Environments[name])
	}
	for _, name := range slices.Sorted(maps.Keys(m.Apps)) {
		d.app(name, m.Apps[name])
	}
}

func (d *decoder) failValue(at string, err error) {
	text := err.Error()
	if hint := aloft.ErrorHint(err); hint != "" {
		text += " (" + hint + ")"
	}
	d.failAt(at, "%s", text)
}

func (d *decoder) pattern(m Manifest, i int, pattern string) {
	at := "protected"
	if _, ok := d.values[at+"[0]"]; ok {
		at += "[" + strconv.Itoa(i) + "]"
	}
	bare, prefixed := strings.CutPrefix(pattern, aloft.BranchPrefix)
	_, err := path.Match(pattern, "")
	switch {
	case prefixed:
		d.failAt(at, "environments are named without %q here: write %q", aloft.BranchPrefix, bare)
	case err != nil || !patternRule.MatchString(pattern):
		d.failAt(at, "%q is not a pattern of environment names: it takes a-z, 0-9, -, * for any characters, ? for one, [ab] for one of several", pattern)
	case m.Environments[pattern].Protected != nil && !*m.Environments[pattern].Protected:
		d.failAt(at, "environments.%s.protected says the opposite", pattern)
	}
}

func (d *decoder) environment(name string, e Environment) {
	at := "environments." + name
	if err := aloft.ValidateEnvironmentName(name); err != nil {
		if strings.ContainsAny(name, "*?[") {
			d.fail(d.keys[at], "environment %q is a pattern, which only \"protected\" takes: name one environment", name)
		} else {
			d.failKey(at, err)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(e.Variables)) {
		if !terraformVariableRule.MatchString(key) {
			d.fail(d.keys[at+".variables."+key], "%q is not a name of a Terraform variable: letters, digits, _ and -, not starting with a digit or -", key)
		}
		d.plain(at+".variables."+key, e.Variables[key])
	}
}

func (d *decoder) oneOf(at, value string, allowed []string) {
	if slices.Contains(allowed, value) {
		return
	}
	known := map[string]bool{}
	for _, a := range allowed {
		known[a] = true
	}
	hint := didYouMean(value, known)
	if strings.Contains(hint, "the keys here") {
		hint = ""
	}
	d.failAt(at, "%q is none of %s%s", value, strings.Join(allowed, ", "), hint)
}

// inside checks a folder's path: relative, with slashes, and not leading out.
func (d *decoder) inside(at, value, what string) {
	switch clean := path.Clean(value); {
	case value == "":
		d.failAt(at, "is empty: write \".\" for %s itself, or leave the line out", what)
	case strings.Contains(value, "\\"):
		d.failAt(at, "%q has a \\: write paths with /", value)
	case path.IsAbs(value) || clean == ".." || strings.HasPrefix(clean, "../") || strings.ContainsRune(value, 0):
		d.failAt(at, "%q leads out of %s: write a path inside of it, such as services/web", value, what)
	case hidden(clean):
		d.failAt(at, "%q is a folder of git's own", value)
	}
}

func hidden(clean string) bool {
	first, _, _ := strings.Cut(clean, "/")
	return first == ".git"
}

// plain refuses what no environment variable and no argument can hold.
func (d *decoder) plain(at, value string) {
	if strings.ContainsRune(value, 0) {
		d.failAt(at, "has a NUL character, which no variable or command can hold")
	}
}
