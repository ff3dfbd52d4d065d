package image

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft"
)

// Base is an image that others are made on.
type Base struct {
	Reference string // "" = none: the image holds nothing but the app
	Roots     bool   // it lacks root certificates or time zones; they are added
	Glibc     string // version of its GNU C library; "" = not known
}

// family is what a runtime needs.
type family struct {
	reference string   // {version} is filled in
	full      string   // the same with the libraries of a whole Debian, where a program needs one; "" = none
	parts     int      // how many numbers of a version its names have
	versions  []string // that are maintained in November 2026, the usual one first; others are asked for all the same
	roots     bool
	glibc     string
}

// official is where bases of Docker's official images come from: a mirror that
// Docker itself publishes to, since Docker Hub limits how often machines without
// an account may pull, by address, and runners share theirs. Where Microsoft's
// registry has what a runtime needs, it is that, for the same reason.
const official = "public.ecr.aws/docker/library/"

// families is the catalog of bases: which image for which runtime. The names are
// those that public repositories' Dockerfiles used in 2026; Java's tags are
// Microsoft's (learn.microsoft.com/java/openjdk/containers). Debian 13 (trixie)
// is the oldest whose C library, 2.41, is not older than that of the machines
// that build (Ubuntu 24.04 has 2.39); Azure Linux 3 has 2.38.
//
// A digest is not part of the catalog: bases get security updates under the same
// name. Each push asks the registry which digest the name has for its platform,
// and records both in labels. Only a real registry can confirm that a name
// exists, that it has both platforms, and that what its image holds is what is
// said here.
var families = map[string]family{
	"java":   {reference: "mcr.microsoft.com/openjdk/jdk:{version}-ubuntu", parts: 1, versions: []string{"21", "25", "17"}, glibc: "2.35"},
	"dotnet": {reference: "mcr.microsoft.com/dotnet/aspnet:{version}", parts: 2, versions: []string{"10.0"}},
	"node":   {reference: official + "node:{version}-trixie-slim", full: official + "node:{version}-trixie", parts: 1, versions: []string{"24", "22"}, roots: true, glibc: "2.41"},
	"bun":    {reference: "docker.io/oven/bun:{version}-slim", parts: 1, versions: []string{"1"}, roots: true},
	"python": {reference: official + "python:{version}-slim-trixie", full: official + "python:{version}-trixie", parts: 2, versions: []string{"3.13", "3.14", "3.12", "3.11"}, glibc: "2.41"},
	"ruby":   {reference: official + "ruby:{version}-slim-trixie", full: official + "ruby:{version}-trixie", parts: 2, versions: []string{"3.4", "4.0", "3.3"}, glibc: "2.41"},
	"php":    {reference: official + "php:{version}-cli-trixie", parts: 2, versions: []string{"8.4", "8.3"}, glibc: "2.41"},
	"native": {reference: official + "debian:trixie-slim", full: official + "buildpack-deps:trixie", roots: true, glibc: "2.41"},
	"musl":   {reference: official + "alpine:3", roots: true},
}

// chooseBase returns the base of an app's image. A compiled program that needs no
// loader needs no base either, unless a shell starts it.
func chooseBase(t *tree, p program) (Base, error) {
	name, wanted := t.app.Runtime.Value, t.app.Version.Value
	compiled := t.isCompiled(p)
	switch {
	case name == "docker":
		return Base{}, aloft.Errorf(aloft.CodeInvalid, "cannot make an image of %s%s from its files: its Dockerfile makes one", t.app.Name, t.app.Runtime.Source)
	case compiled && p.started && !p.dynamic && t.app.Start.Args[0] != "sh":
		return Base{Roots: true}, nil
	case compiled && p.musl:
		name = "musl"
	case compiled:
		name = "native"
	case name == "node" && (t.app.Package.Value == "bun" || t.app.Start.Args[0] == "bun"):
		name = "bun"
	case name == "python":
		wanted = cmp.Or(t.pythonVersion(), wanted) // packages are for one version only
	case name == "ruby":
		wanted = cmp.Or(t.rubyVersion(), wanted)
	}
	f, ok := families[name]
	if !ok {
		return Base{}, aloft.Errorf(aloft.CodeInvalid, "cannot make an image of %s: there is no base for the runtime %q", t.app.Name, name).
			WithHint("write a Dockerfile for %s", t.app.Name)
	}
	if len(p.libraries) > 0 && f.full != "" {
		f.reference = f.full
	}
	return f.base(f.choose(wanted)), nil
}

// isCompiled reports whether an app is a compiled program, which needs no runtime:
// a native executable of Java is one too.
func (t *tree) isCompiled(p program) bool {
	switch t.app.Runtime.Value {
	case "go", "rust", "procfile":
		return true
	case "java":
		return p.started && !slices.Contains(t.startWords(), "java")
	}
	return false
}

func (f family) base(version string) Base {
	return Base{Reference: strings.ReplaceAll(f.reference, "{version}", version), Roots: f.roots, Glibc: f.glibc}
}

var (
	bundledFor  = regexp.MustCompile(`^ruby/([0-9]+\.[0-9]+)\.`)
	condition   = regexp.MustCompile(`^\s*(===?|!=|~=|~>|[<>]=?|[=^~]?)\s*v?(\d+(?:\.\d+)*)(?:\.[xX*])*(?:[\s,]+|$)`)
	exactNumber = regexp.MustCompile(`^v?(\d+(?:\.\d+)*)(?:\.[xX*])*$`)
)

// rubyVersion is the version that gems were installed for; "" without gems.
func (t *tree) rubyVersion() string {
	for _, f := range t.files {
		rest, ok := strings.CutPrefix(f.from, t.inApp("vendor/bundle")+"/")
		if match := bundledFor.FindStringSubmatch(rest + "/"); ok && match != nil {
			return match[1]
		}
	}
	return ""
}

// choose returns the version in the name of a base for what a source asks for: a
// version by its first numbers, for a range the first of the catalog in it. What is
// neither, such as lts/*, is the usual version.
func (f family) choose(wanted string) string {
	if f.parts == 0 {
		return ""
	}
	wanted = strings.TrimSpace(wanted)
	if match := exactNumber.FindStringSubmatch(wanted); match != nil {
		if number := f.cut(match[1]); number != "" {
			return number
		}
	}
	for _, version := range f.versions {
		if satisfies(wanted, version) {
			return version
		}
	}
	if match := condition.FindStringSubmatch(wanted); match != nil && match[1] != "!=" && !strings.HasPrefix(match[1], "<") {
		if number := f.cut(match[2]); number != "" {
			return number
		}
	}
	return f.versions[0]
}

// cut takes a version to as many numbers as names of bases have; "" when it has
// fewer, unless the catalog has one that begins so.
func (f family) cut(version string) string {
	numbers := strings.Split(version, ".")
	if len(numbers) >= f.parts {
		return strings.Join(numbers[:f.parts], ".")
	}
	i := slices.IndexFunc(f.versions, func(known string) bool { return strings.HasPrefix(known+".", version+".") })
	if i < 0 {
		return ""
	}
	return f.versions[i]
}

// satisfies reports whether a version is in a range as npm, pip and RubyGems
// write them; it is not in what is no range.
func satisfies(wanted, version string) bool {
	for _, alternative := range strings.Split(strings.ReplaceAll(wanted, "||", "|"), "|") {
		all, rest := strings.TrimSpace(alternative) != "", alternative
		for all && strings.TrimSpace(rest) != "" {
			match := condition.FindStringSubmatch(rest)
			if all = match != nil && compares(match[1], numbers(match[2]), numbers(version)); all {
				rest = rest[len(match[0]):]
			}
		}
		if all {
			return true
		}
	}
	return false
}

// compares reports whether a base of a version meets a condition. What the
// version leaves open, its base has the newest of.
func compares(operator string, wanted, have []int) bool {
	shared := min(len(wanted), len(have))
	order := slices.Compare(have[:shared], wanted[:shared])
	switch operator {
	case "!=":
		return order != 0
	case ">":
		return order > 0 || order == 0 && len(wanted) > len(have)
	case ">=":
		return order >= 0
	case "<":
		return order < 0
	case "<=":
		return order < 0 || order == 0 && len(wanted) <= len(have)
	case "^":
		return order >= 0 && have[0] == wanted[0]
	case "~=", "~>": // the last number that is written may grow
		kept := min(max(1, len(wanted)-1), shared)
		return order >= 0 && slices.Equal(have[:kept], wanted[:kept])
	}
	return order == 0
}

func numbers(version string) []int {
	var list []int
	for part := range strings.SplitSeq(version, ".") {
		n, _ := strconv.Atoi(part) // digits only; what is too large is as large as can be
		list = append(list, n)
	}
	return list
}
