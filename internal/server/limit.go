package server

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/supervise"
)

// limits are the values of limitTable by name: bytes, numbers or nanoseconds.
type limits map[string]int64

// limit is one of the limits of a server.
type limit struct {
	name   string
	kind   limitKind
	preset int64 // 0 = half of the machine's memory
	about  string
}

// limitKind is what a limit counts.
type limitKind struct {
	sample string // a valid value
	parse  func(text string) (int64, error)
	write  func(value int64) string
}

var (
	inBytes = limitKind{"2GiB", parseSize, writeSize}
	inTime  = limitKind{"1h", parseTime, func(v int64) string { return shortTime(time.Duration(v)) }}
	counted = limitKind{"1000", parseCount, func(v int64) string { return strconv.FormatInt(v, 10) }}
)

// limitTable is every limit that --limit can change; docs/limits.md is made from it.
var limitTable = []limit{
	{"push-size", inBytes, 200 << 20, "the pack of one push"},
	{"push-refs", counted, 100, "the branches and tags that one push may change"},
	{"checkout-files", counted, 250_000, "the files of a commit that is checked out"},
	{"checkout-size", inBytes, 8 << 30, "their size"},
	{"state-size", inBytes, 512 << 20, "a version of a Terraform state; 900MiB is the most that a record holds"},
	{"build-time", inTime, int64(30 * time.Minute), "how long the build of an app may take"},
	{"build-size", inBytes, 5 << 30, "what a build may make: its artifact, and its temporary files meanwhile"},
	{"build-memory", inBytes, 0, "the memory of a command of a build, its children included"},
	{"build-processes", counted, 1024, "the processes that a command of a build may grow to"},
	{"app-memory", inBytes, 0, "the memory of a process of an app, its children included, where memory_limit of its aloft_app says nothing"},
	{"app-processes", counted, 512, "the processes that a process of an app may grow to"},
	{"disk-reserve", inBytes, 1 << 30, "what stays free: below it, the build or app that writes most is ended"},
}

// parseLimits reads NAME=VALUE pairs; what they do not name is as preset.
func parseLimits(pairs []string) (limits, error) {
	values := limits{}
	for _, l := range limitTable {
		values[l.name] = l.preset
		if l.preset == 0 {
			values[l.name] = int64(machineMemory() / 2)
		}
	}
	for _, pair := range pairs {
		name, text, _ := strings.Cut(pair, "=")
		i := slices.IndexFunc(limitTable, func(l limit) bool { return l.name == name })
		if i < 0 {
			return nil, aloft.Errorf(aloft.CodeInvalid, "--limit %s: there is no limit %q", pair, name).
				WithHint("they are: %s", strings.Join(slices.Sorted(maps.Keys(values)), ", "))
		}
		value, err := limitTable[i].kind.parse(text)
		if err == nil && value > limitTable[i].most() {
			return nil, aloft.Errorf(aloft.CodeInvalid, "--limit %s: a record holds no more than %s", pair, limitTable[i].kind.write(mostRecord))
		}
		if err != nil || value <= 0 {
			return nil, aloft.Errorf(aloft.CodeInvalid, "--limit %s: %q is not a value of %s", pair, text, name).
				WithHint("such as: aloft serve --limit %s=%s", name, limitTable[i].kind.sample)
		}
		values[name] = value
	}
	return values, nil
}

// hold is a limit that processes are held to, with how to change it.
func (l limits) hold(name string) supervise.Limit {
	i := slices.IndexFunc(limitTable, func(l limit) bool { return l.name == name })
	value := l[name]
	return supervise.Limit{Max: value, Hint: fmt.Sprintf("to change the limit: aloft serve --limit %s=%s", name, limitTable[i].suggest(value))}
}

// hint tells how to raise a limit.
func (l limits) hint(name string) string { return l.hold(name).Hint }

// mostRecord is below what a record of SQLite (10^9 bytes) or PostgreSQL holds.
const mostRecord = 900 << 20

// most is the largest value that can be kept.
func (l limit) most() int64 {
	if l.name == "state-size" {
		return mostRecord
	}
	return math.MaxInt64
}

// suggest is another value than the present one: more, or less of a reserve.
func (l limit) suggest(value int64) string {
	if l.name == "disk-reserve" {
		return l.kind.write(max(1, value/2))
	}
	return l.kind.write(min(2*value, l.most()))
}

func (l limit) presetText() string {
	if l.preset == 0 {
		return "half of the machine's"
	}
	return l.kind.write(l.preset)
}

// DescribeLimits lists the limits that Options.Limits can change, for --help.
func DescribeLimits() string {
	var text strings.Builder
	for _, l := range limitTable {
		fmt.Fprintf(&text, "  %-16s %-21s  %s\n", l.name, l.presetText(), l.about)
	}
	return strings.TrimRight(text.String(), "\n")
}

// WriteLimits writes the limits as Markdown.
func WriteLimits(w io.Writer) error {
	_, _ = fmt.Fprint(w, `# Limits

Made by `+"`aloft reference limits`"+`. What is over a limit is refused or ended, and the
error names the limit; everything else goes on. `+"`aloft serve --limit NAME=VALUE`"+`
changes one and may be repeated: sizes such as 512MiB or 8GiB, times such as 90m.

| limit | by default | what it limits |
|---|---|---|
`)
	for _, l := range limitTable {
		_, _ = fmt.Fprintf(w, "| `%s` | %s | %s |\n", l.name, l.presetText(), l.about)
	}
	_, err := fmt.Fprint(w, `
Memory, processes and disks are looked at once a second, and twenty times a second
while something grows fast. Besides, the kernel stops the number of tasks (processes
and their threads) at four times the limit of processes and 256: on Linux, for a
server of root by a control group of each process, else by RLIMIT_NPROC, which
counts all tasks of the server's user, so that other apps may be unable to start
processes until the one that is over its limit is ended. A program that forks as
fast as it can, each child in a session of its own, is held for a server of root
only: for others it takes the processor until somebody kills it. On macOS memory and
disks are not looked at.

What writes most is known from what the kernel says each process wrote. Space that
an app reserves without writing is not seen; a build that does so is ended.
`)
	return err
}

func parseSize(text string) (int64, error) {
	value, err := humanize.ParseBytes(text)
	if value > 1<<60 {
		return 0, fmt.Errorf("%s is too much", text)
	}
	return int64(value), err
}

// writeSize writes what parseSize reads.
func writeSize(bytes int64) string {
	return strings.NewReplacer(".0", "", " ", "").Replace(humanize.IBytes(uint64(bytes)))
}

func parseTime(text string) (int64, error) {
	value, err := time.ParseDuration(text)
	return int64(value), err
}

func parseCount(text string) (int64, error) {
	value, err := strconv.ParseInt(text, 10, 32)
	return value, err
}

// shortTime leaves out minutes and seconds that are 0.
func shortTime(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
