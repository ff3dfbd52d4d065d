package blueprint

import (
	"fmt"
	"slices"
)

// springApps is a hosting that Azure has retired (closed to new customers since
// March 2025, ending in March 2028).
const springApps = "spring-apps"

// Current returns the choices with what takes the place of retired ones, and
// tells of each.
func (c Choices) Current() (Choices, []string) {
	var notices []string
	c.Apps = slices.Clone(c.Apps)
	for i, a := range c.Apps {
		if a.Hosting == springApps {
			c.Apps[i].Hosting, c.Apps[i].Tier, c.Apps[i].Packaging = HostingContainerApp, "", ""
			notices = append(notices, fmt.Sprintf("Azure retires Spring Apps: %s runs as a container app.", appName(a)))
		}
	}
	return c, notices
}

// retired tells which choices Current takes back.
func (c Choices) retired() Violations {
	k := &checker{}
	for i, a := range c.Apps {
		if a.Hosting == springApps {
			k.add(fmt.Sprintf("apps[%d].hosting", i), a.Hosting, "is retired by Azure: a container app takes its place", []string{HostingContainerApp})
		}
	}
	return k.found
}

func appName(a App) string {
	if a.Name == "" {
		return "the app"
	}
	return a.Name
}
