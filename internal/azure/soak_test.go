package azure_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/internal/azure"
)

// faults are what the soaks draw from. Most requests go well.
func faults(random *rand.Rand, kill func()) func(i int, name string) string {
	return func(_ int, name string) string {
		get := strings.HasPrefix(name, "GET ")
		switch random.IntN(25) {
		case 0:
			return "throttled"
		case 1:
			return "away"
		case 2:
			return "lost"
		case 3:
			if get && strings.Contains(name, manager) && !strings.HasSuffix(name, "/revisions") {
				return "not found"
			}
		case 4:
			if !get && !strings.Contains(name, "scm") {
				return "busy"
			}
		case 5:
			if random.IntN(3) == 0 {
				kill()
			}
		}
		return ""
	}
}

// soak deploys under faults until somebody is tired of it, then once without:
// what is wanted serves, and what served was never taken away.
func soak(t *testing.T, seed uint64, z *azureFake, deploy func(t *testing.T, faulty bool) error) (failures int) {
	random := rand.New(rand.NewPCG(seed, 0))
	for range 3 {
		ctx, kill := newKilled(t)
		z.fault, z.context = faults(random, kill), ctx
		if deploy(t, true) != nil {
			failures++
		}
		kill()
		z.now = z.now.Add(time.Minute)
	}
	z.fault, z.context = nil, nil
	if err := deploy(t, false); err != nil {
		t.Errorf("seed %d, after the faults: %v", seed, err)
	}
	return failures
}

func TestASoakOfContainerAppsEndsWithWhatIsWanted(t *testing.T) {
	failures := 0
	for seed := range uint64(60) {
		c := newContainerCloud(t)
		c.secrets = []any{object{"name": "password", "value": "secret"}}
		target := c.target(t)
		r, _ := request("old", containerOutput())
		if _, _, err := target.Deploy(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		failures += soak(t, seed, c.azureFake, deployer(target, "good", containerRequest, c.azureFake))
		if len(c.secrets) != 1 {
			t.Errorf("seed %d: the secrets are lost", seed)
		}
		if c.serves() != "good" || !slices.Equal(c.active(), []string{"good"}) {
			t.Errorf("seed %d: %q serves, active %q", seed, c.serves(), c.active())
		}
	}
	t.Logf("%d deployments were cut short", failures)
}

func TestASoakOfWebAppsEndsWithWhatIsWanted(t *testing.T) {
	failures := 0
	for _, name := range []string{"archive with a slot", "image with a slot"} {
		for seed := range uint64(30) {
			c := newSiteCloud(t, true)
			target := c.target(t)
			make := func(t *testing.T, artifact string) azure.Request {
				r, _ := webRequest(t, artifact, ways[name].more)
				return r
			}
			if _, _, err := target.Deploy(t.Context(), make(t, "old")); err != nil {
				t.Fatal(err)
			}
			failures += soak(t, seed, c.azureFake, deployer(target, "good", make, c.azureFake))
			if got := c.slots[""].content.artifact; got != "good" || c.swaps != 2 {
				t.Errorf("%s, seed %d: %q serves after %d swaps", name, seed, got, c.swaps)
			}
		}
	}
	t.Logf("%d deployments were cut short", failures)
}

func containerRequest(_ *testing.T, artifact string) azure.Request {
	r, _ := request(artifact, containerOutput())
	return r
}

func deployer(target *azure.Target, artifact string, make func(*testing.T, string) azure.Request, z *azureFake) func(*testing.T, bool) error {
	return func(t *testing.T, faulty bool) error {
		ctx := t.Context()
		if faulty {
			ctx = z.context
		}
		_, _, err := target.Deploy(ctx, make(t, artifact))
		if err != nil && !faulty {
			return fmt.Errorf("deploy %s: %w", artifact, err)
		}
		return err
	}
}
