package server

import (
	"testing"

	"github.com/aloft-dev/aloft"
)

func TestStateKey(t *testing.T) {
	key := aloft.EnvironmentKey{Project: "shop", Environment: "alice"}
	for pattern, want := range map[string]string{
		"":                                  "shop/alice.tfstate",
		"terraform.tfstate":                 "shop/alice.tfstate",
		"{environment}.terraform.tfstate":   "alice.terraform.tfstate",
		"teams/{project}/{environment}/tf":  "teams/shop/alice/tf",
		"{environment}-{environment}.state": "alice-alice.state",
	} {
		if got := stateKey(pattern, key); got != want {
			t.Errorf("%q is %q, want %q", pattern, got, want)
		}
	}
}
