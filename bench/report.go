package main

import (
	"encoding/json"
	"fmt"
	"io"
)

const (
	verdictOK     = "ok"
	verdictMissed = "MISSED"
	verdictNone   = "—" // for information
)

func (r result) verdict() string {
	switch {
	case r.ok() && r.bound.sign == "":
		return verdictNone
	case r.ok():
		return verdictOK
	}
	return verdictMissed
}

// writeTable writes a Markdown table.
func writeTable(w io.Writer, machine string, results []result) error {
	_, err := fmt.Fprintf(w, "%s\n\n| figure | bound | measured | spread | what it is made of | verdict |\n|---|---|---|---|---|---|\n", machine)
	for _, r := range results {
		if err != nil {
			return err
		}
		measured, spread, note := "—", "", ""
		if r.reading != nil {
			measured, spread, note = quantity(r.reading.Value, r.bound.unit), r.reading.Spread, r.reading.Note
		} else if r.err != nil {
			note = "not measured"
		}
		_, err = fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s |\n", r.name, r.bound, measured, spread, note, r.verdict())
	}
	return err
}

// writeJSON writes the same for programs.
func writeJSON(w io.Writer, machine string, results []result) error {
	type line struct {
		Topic   string   `json:"topic"`
		Figure  string   `json:"figure"`
		Bound   string   `json:"bound"`
		Unit    string   `json:"unit,omitempty"`
		Reading *reading `json:"reading,omitempty"`
		Error   string   `json:"error,omitempty"`
		Verdict string   `json:"verdict"`
	}
	lines := make([]line, len(results))
	for i, r := range results {
		lines[i] = line{Topic: r.topic, Figure: r.name, Bound: r.bound.String(), Unit: r.bound.unit, Reading: r.reading, Verdict: r.verdict()}
		if r.err != nil {
			lines[i].Error = r.err.Error()
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{"machine": machine, "figures": lines})
}
