package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// moment is a time as the pages show it: in words now, exactly on demand. The
// script renews the words.
type moment struct {
	Time  time.Time
	Words string
}

// Zero reports whether there is nothing to show.
func (m moment) Zero() bool { return m.Time.IsZero() }

// ISO returns the time for machines.
func (m moment) ISO() string { return m.Time.UTC().Format(time.RFC3339) }

// Exact returns the time for people.
func (m moment) Exact() string { return m.Time.UTC().Format("2 January 2006, 15:04:05 UTC") }

func since(t, now time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	return moment{t, relative(t, now)}
}

var units = []struct {
	length time.Duration
	name   string
}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}}

// relative tells a time by its distance from now. The script has its twin.
func relative(t, now time.Time) string {
	distance := now.Sub(t)
	future := distance < 0
	if future {
		distance = -distance
	}
	for _, unit := range units {
		if distance < unit.length {
			continue
		}
		words := fmt.Sprintf("%d %s", distance/unit.length, unit.name)
		if future {
			return "in " + words
		}
		return words + " ago"
	}
	if future {
		return "in a moment"
	}
	return "just now"
}

// span is how long something takes: it has ended, or goes on.
type span struct {
	Words string
	Since string // RFC 3339 with fractions, while it goes on
}

func between(start, end, now time.Time) span {
	switch {
	case start.IsZero():
		return span{}
	case end.IsZero():
		return span{lasting(now.Sub(start)), start.UTC().Format(time.RFC3339Nano)}
	}
	return span{Words: lasting(end.Sub(start))}
}

// lasting tells a duration. The script has its twin.
func lasting(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", max(0, d.Seconds()))
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
}

// size tells a number of bytes.
func size(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	value, unit := float64(n), ""
	for _, unit = range []string{"kB", "MB", "GB", "TB"} {
		if value /= 1000; value < 999.5 {
			break
		}
	}
	if value < 9.95 {
		return fmt.Sprintf("%.1f %s", value, unit)
	}
	return fmt.Sprintf("%.0f %s", value, unit)
}

// short returns the first characters of a commit.
func short(revision string) string { return revision[:min(len(revision), 7)] }

// person returns the name of "Name <mail>".
func person(owner string) string {
	name, _, _ := strings.Cut(owner, " <")
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(name, "<"), ">"))
}

// tone returns how a status is to be taken: good, busy, warn, bad or quiet.
func tone(status any) string {
	switch fmt.Sprint(status) {
	case "ready", "succeeded", "active":
		return "good"
	case "creating", "updating", "destroying", "running", "queued", "starting":
		return "busy"
	case "waiting", "degraded", "backing-off":
		return "warn"
	case "failed", "blocked":
		return "bad"
	}
	return "quiet"
}

// processTone is tone for the states of processes: to run is what they are for.
func processTone(state string) string {
	if state == "running" {
		return "good"
	}
	return tone(state)
}
