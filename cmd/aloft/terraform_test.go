package main

import (
	"strings"
	"testing"
)

func TestDestroysAll(t *testing.T) {
	for args, want := range map[string]bool{
		"destroy":                          true,
		"-chdir=x destroy":                 true,
		"apply -destroy":                   true,
		"plan -input=false --destroy=true": true,
		"apply -destroy=false":             false,
		"plan":                             false,
		"state show destroy":               false,
		"apply -target=destroy":            false,
		"-help":                            false,
	} {
		if got := destroysAll(strings.Fields(args)); got != want {
			t.Errorf("%s: %v", args, got)
		}
	}
}
