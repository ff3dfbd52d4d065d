package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// topic is what is measured in one go; it yields the readings of its figures, by
// their names. What it returns with an error still counts.
type topic struct {
	name    string
	what    string
	measure func(ctx context.Context, l *lab) (map[string]reading, error)
}

var topics = []topic{
	{"push", "from git push to the first answer of the new version, against a script", measurePush},
	{"fleet", "50 environments pushed at once, against the script one after another", measureFleet},
	{"proxy", "requests through the server, against a bare httputil.ReverseProxy; swaps under load", measureProxy},
	{"state", "the state backend: many writers, and 1,000 resources against an in-memory backend", measureState},
	{"idle", "what a server with 100 environments of static sites takes while nothing happens", measureIdle},
	{"command", "how soon aloft --help and aloft demo answer", measureCommand},
	{"backup", "aloft backup of 100 environments with 100 databases, against pg_dump of each and a copy of the rest", measureBackup},
	{"generate", "archives of Terraform through the API", measureGenerate},
	{topicBefore, "pushes, against the build of the revision that --before names", measureBefore},
}

// topicBefore is measured only when --before names a revision.
const topicBefore = "before"

// figure is one number to reach.
type figure struct {
	topic string
	name  string
	bound bound
}

// bound is what a reading must keep.
type bound struct {
	sign  string // ≤, ≥, or none: the reading is for information
	value float64
	unit  string
}

func atMost(value float64, unit string) bound  { return bound{"≤", value, unit} }
func atLeast(value float64, unit string) bound { return bound{"≥", value, unit} }
func unbound(unit string) bound                { return bound{unit: unit} }

func (b bound) String() string {
	if b.sign == "" {
		return "—"
	}
	return b.sign + " " + quantity(b.value, b.unit)
}

func (b bound) keeps(value float64) bool {
	switch b.sign {
	case "≤":
		return value <= b.value
	case "≥":
		return value >= b.value
	}
	return true
}

const (
	times = "×"
	none  = "" // a count
)

var figures = []figure{
	{"push", "first push, Go app", atMost(1.25, times)},
	{"push", "first push, app without a build", atMost(1.25, times)},
	{"push", "code-only push, Go app", atMost(1.0, times)},
	{"push", "code-only push, app without a build", atMost(1.0, times)},
	{"push", "first push, Go app, the script makes nothing", unbound(times)},
	{"push", "code-only push, Go app, the script makes nothing", unbound(times)},
	{"fleet", "50 at once, 50 pushes: throughput", atLeast(1.5, times)},
	{"fleet", "50 at once, 50 pushes: not ready", atMost(0, none)},
	{"fleet", "50 at once, one push: throughput", atLeast(1.5, times)},
	{"fleet", "50 at once, one push: not ready", atMost(0, none)},
	{"fleet", "50 destroyed: left", atMost(0, none)},
	{"proxy", "requests/s at 16 connections", atLeast(0.85, times)},
	{"proxy", "100 swaps under load: failed requests", atMost(0, none)},
	{"state", "100 writers on 100 states: lost versions", atMost(0, none)},
	{"state", "20 writers on one state: lost versions", atMost(0, none)},
	{"state", "1,000-resource apply", atMost(1.2, times)},
	{"idle", "server with 100 static sites", atMost(150, "MB")},
	{"command", "aloft --help", atMost(50, "ms")},
	{"command", "demo to its first URL", atMost(10, "s")},
	{"backup", "100 environments with 100 databases", atMost(1.2, times)},
	{"backup", "a push meanwhile: longer by", atMost(1, "s")},
	{topicBefore, "first push, by the build before", atMost(1.02, times)},
	{topicBefore, "code-only push, by the build before", atMost(1.02, times)},
	{"generate", "archives/s through the API", atLeast(500, none)},
}

// reading is what was measured of a figure.
type reading struct {
	Value  float64 `json:"value"`
	Spread string  `json:"spread,omitempty"` // over the rounds
	Note   string  `json:"note,omitempty"`   // what the value is made of
}

// result is a figure with its reading; nil when it could not be measured.
type result struct {
	figure
	reading *reading
	err     error // why there is no reading
}

func (r result) ok() bool { return r.reading != nil && r.bound.keeps(r.reading.Value) }

// missed is an error that names the figures that were not reached.
func missed(results []result) error {
	var names []string
	for _, r := range results {
		if !r.ok() {
			names = append(names, r.name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return errors.New("missed: " + strings.Join(names, "; "))
}

// quantity writes a value with its unit.
func quantity(value float64, unit string) string {
	switch unit {
	case none:
		return fmt.Sprintf("%.0f", value)
	case times:
		return fmt.Sprintf("%.2f×", value)
	case "s":
		return fmt.Sprintf("%.2f s", value)
	}
	return fmt.Sprintf("%.0f %s", value, unit)
}
