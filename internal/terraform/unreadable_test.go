package terraform_test

import (
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/terraform"
)

func TestAStateThatCannotBeReadHasAWay(t *testing.T) {
	t.Parallel()
	twins(t, func(t *testing.T, e *terraform.Engine) {
		c, b, _ := environment(t, map[string]string{"main.tf": `resource "terraform_data" "a" {}`})
		mustInit(t, e, c)
		for _, text := range []string{
			`{"serial": 1, "lineage": "x"}`, `{"version": 99}`, "no JSON", `{"version": 4, "terraform_version": "?", "serial": 1}`,
		} {
			b.put(text)
			_, err := e.Destroy(t.Context(), c)
			wantError(t, err, aloft.CodeFailed, "aloft state restore alice")
			_, _, err = e.Apply(t.Context(), c)
			wantError(t, err, aloft.CodeFailed, "aloft state restore alice")
		}
	})
}
