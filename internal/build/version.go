package build

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft"
)

// interpreters are the programs that run whatever version the source asks for.
// (Compilers and package managers refuse by themselves, or get the right one.)
var interpreters = map[string][]string{
	"node": {"node", "bun"}, "python": {"python3"}, "ruby": {"ruby"},
}

// checkVersion tells the reader of the log when the interpreter on the PATH is
// not of the version that the source asks for.
func (b *Builder) checkVersion(ctx context.Context, r Request, dir string, env []string, confine *aloft.Confinement) {
	wanted := r.App.Version
	if wanted.Value == "" {
		return
	}
	for _, chain := range r.App.Toolchains {
		for _, name := range chain.Program {
			path, ok := lookPath(name, b.options.Path, dir)
			if !ok || !slices.Contains(interpreters[r.App.Runtime.Value], name) {
				continue
			}
			have := b.version(ctx, execution{request: r, command: aloft.Command{Args: []string{path, "--version"}}, dir: dir, env: env, confine: confine})
			if satisfied, known := satisfies(wanted.Value, have); known && !satisfied {
				fmt.Fprintf(r.Log, "warning: the app asks for %s %s%s, but %s on the PATH is %s\n",
					chain.Name, wanted.Value, wanted.Source, name, have)
			}
			return
		}
	}
}

var versionNumber = regexp.MustCompile(`\d+(\.\d+)+`)

// version asks a program for its version; "" when it does not tell.
func (b *Builder) version(ctx context.Context, question execution) string {
	var said bytes.Buffer
	if !b.ask(ctx, question, &said) {
		return ""
	}
	return versionNumber.FindString(said.String())
}

// comparison is one condition of a range of versions: >=3.10, ^20, ~> 3.1, 22.x.
var comparison = regexp.MustCompile(`^(===?|!=|~=|~>|[<>]=?|[=^~]?)\s*v?(\d+(?:\.\d+)*)(?:\.[xX*])*(?:[\s,]+|$)`)

// satisfies reports whether a version is in a range as npm, pip and RubyGems
// write them. It is not known for what else a file may say, such as lts/*.
func satisfies(wanted, have string) (satisfied, known bool) {
	if have == "" {
		return false, false
	}
	for _, alternative := range strings.Split(strings.ReplaceAll(wanted, "||", "|"), "|") {
		all, rest := true, strings.TrimSpace(alternative)
		for first := true; first || rest != ""; first = false {
			match := comparison.FindStringSubmatch(rest)
			if match == nil {
				return false, false
			}
			all = all && compares(match[1], numbers(match[2]), numbers(have))
			rest = strings.TrimSpace(rest[len(match[0]):])
		}
		satisfied = satisfied || all
	}
	return satisfied, true
}

// compares reports whether a version meets one condition. What the condition
// leaves open may be anything.
func compares(operator string, wanted, have []int) bool {
	order := slices.Compare(have[:min(len(have), len(wanted))], wanted)
	switch operator {
	case "!=":
		return order != 0
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case "^":
		return order >= 0 && have[0] == wanted[0]
	case "~=", "~>": // the last number that is written may grow
		kept := max(1, len(wanted)-1)
		return order >= 0 && slices.Equal(have[:min(len(have), kept)], wanted[:kept])
	case "~":
		kept := min(2, len(wanted))
		return order >= 0 && slices.Equal(have[:min(len(have), kept)], wanted[:kept])
	}
	return order == 0
}

func numbers(version string) []int {
	var list []int
	for _, part := range strings.Split(version, ".") {
		n, _ := strconv.Atoi(part) // digits only; what is too large is as large as can be
		list = append(list, n)
	}
	return list
}
