package terraform

import (
	"fmt"
	"io"
	"strings"

	"github.com/aloft-dev/aloft"
)

// maxShown is how many characters of a value a summary shows.
const maxShown = 60

// WritePlan writes a plan for people: a line for each resource with what
// changes in it, what was changed behind Terraform's back, and the count.
func WritePlan(w io.Writer, p aloft.Plan) {
	for _, change := range p.Drift {
		fmt.Fprintf(w, "! drift %s was %s%s\n", change.Address, driftVerb(change.Action), changed(change))
	}
	for _, change := range p.Changes {
		fmt.Fprintf(w, "%s %s%s\n", sign(change.Action), change.Address, from(change)+changed(change)+holds(change))
	}
	for _, change := range p.Outputs {
		fmt.Fprintf(w, "%s %s%s\n", sign(change.Action), change.Address, changed(change))
	}
	if p.Other {
		fmt.Fprintln(w, "! the engine knows of changes that it does not list: `aloft terraform ENV -- plan` shows them")
	}
	add, modify, remove := 0, 0, 0
	for _, change := range p.Changes {
		switch change.Action {
		case aloft.ActionCreate:
			add++
		case aloft.ActionUpdate:
			modify++
		case aloft.ActionDelete:
			remove++
		case aloft.ActionReplace:
			add++
			remove++
		}
	}
	fmt.Fprintf(w, "Plan: %d to add, %d to change, %d to destroy.\n", add, modify, remove)
}

func sign(action aloft.Action) string {
	switch action {
	case aloft.ActionCreate:
		return "+ create"
	case aloft.ActionUpdate:
		return "~ update"
	case aloft.ActionReplace:
		return "-/+ replace"
	case aloft.ActionDelete:
		return "- destroy"
	case aloft.ActionForget:
		return "# forget"
	case aloft.ActionImport:
		return "= import"
	case aloft.ActionMove:
		return "> move"
	}
	return "? " + string(action)
}

func driftVerb(action aloft.Action) string {
	switch action {
	case aloft.ActionDelete:
		return "removed"
	case aloft.ActionCreate:
		return "created"
	}
	return "changed"
}

// changed writes the parts of a resource that change, as " (…)". What will only
// be known after the apply is told if there is nothing else to tell.
func changed(c aloft.Change) string {
	if c.Action != aloft.ActionUpdate && c.Action != aloft.ActionReplace {
		return ""
	}
	var parts, later, forced []string
	for _, a := range c.Attributes {
		part := fmt.Sprintf("%s → %s", shorten(a.Before), shorten(a.After))
		if a.Path != "" {
			part = a.Path + ": " + part
		}
		if a.ForcesAction {
			forced = append(forced, a.Path)
		}
		if a.After == unknown && !a.ForcesAction {
			later = append(later, part)
		} else {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		parts = later
	}
	text := ""
	if len(parts) > 0 {
		text = " (" + strings.Join(parts, ", ") + ")"
	}
	if len(forced) > 0 {
		text += " (forced by " + strings.Join(forced, ", ") + ")"
	}
	return text
}

func from(c aloft.Change) string {
	if c.From == "" {
		return ""
	}
	return " (was " + c.From + ")"
}

func holds(c aloft.Change) string {
	if c.HoldsData && (c.Action == aloft.ActionDelete || c.Action == aloft.ActionReplace) {
		return ": loses its data"
	}
	return ""
}

func shorten(text string) string {
	if runes := []rune(text); len(runes) > maxShown {
		return string(runes[:maxShown-1]) + "…"
	}
	return text
}
