package main

import (
	"strings"

	"github.com/aloft-dev/aloft"
)

// standing is the status of an environment as lists show it: ready, or
// ready,blocked while nothing is done to it.
func standing(e aloft.Environment) string {
	if e.Blocked {
		return string(e.Status) + blockedMark
	}
	return string(e.Status)
}

const blockedMark = ",blocked"

// blockage is why environments of a project are blocked, all for the same reason.
type blockage struct {
	environments []string
	why          string
}

// String writes the blockage for people: "shop/alice, shop/bob: blocked".
func (b blockage) String() string { return strings.Join(b.environments, ", ") + ": blocked" }

// blockages says each reason once per project.
func blockages(list []aloft.Environment) []blockage {
	var found []blockage
	place := map[[2]string]int{} // in found, by project and reason
	for _, e := range list {
		if !e.Blocked {
			continue
		}
		of := [2]string{e.Project, e.Disagreement}
		at, known := place[of]
		if !known {
			at = len(found)
			place[of] = at
			found = append(found, blockage{why: e.Disagreement})
		}
		found[at].environments = append(found[at].environments, e.EnvironmentKey.String())
	}
	return found
}
