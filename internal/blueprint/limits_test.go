package blueprint_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/internal/blueprint"
)

// Anybody may ask, so what is too much is refused before it is looked at.
func TestTooMuchIsRefusedEarly(t *testing.T) {
	apps, addOns := url.Values{}, url.Values{}
	var jsonApps, jsonAddOns []string
	for i := range 640 {
		apps.Add("app", fmt.Sprintf("a%d:runtime=go", i))
		jsonApps = append(jsonApps, fmt.Sprintf(`{"name":"a%d"}`, i))
	}
	for range 1000 {
		addOns.Add("add-on", "redis")
		jsonAddOns = append(jsonAddOns, `{"kind":"redis"}`)
	}
	long := url.Values{"app": {"a:" + strings.Repeat("x,", 30_000)}}
	parts := url.Values{"app": {"a:" + strings.Repeat("x,", 1000)}}
	fromJSON := func(body string) error { _, err := blueprint.FromJSON([]byte(body)); return err }
	fromQuery := func(query url.Values) error { _, err := blueprint.FromQuery(query); return err }
	unknown, jsonFields := url.Values{}, []string(nil)
	for i := range 1000 {
		unknown.Set(fmt.Sprintf("p%d", i), "")
		jsonFields = append(jsonFields, fmt.Sprintf(`"p%d":0`, i))
	}
	drafted := func(query url.Values) error {
		d := blueprint.DraftOf(query)
		if len(d.Choices.Apps) > blueprint.MaxApps || len(d.Choices.AddOns) > blueprint.MaxAddOns {
			t.Errorf("a draft of %d apps and %d add-ons", len(d.Choices.Apps), len(d.Choices.AddOns))
		}
		return d.Problems.Err()
	}
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"apps of a query", fromQuery(apps), `apps: "640" are more than 20`},
		{"apps of a form", drafted(apps), `apps: "640" are more than 20`},
		{"apps of JSON", fromJSON(`{"apps":[` + strings.Join(jsonApps, ",") + `]}`), `apps: "640" are more than 20`},
		{"add-ons of a query", fromQuery(addOns), `addOns: "1000" are more than 20`},
		{"add-ons of a form", drafted(addOns), `addOns: "1000" are more than 20`},
		{"add-ons of JSON", fromJSON(`{"addOns":[` + strings.Join(jsonAddOns, ",") + `]}`), `addOns: "1000" are more than 20`},
		{"parameters that there are none of", fromQuery(unknown), `p0: "" is no parameter`},
		{"fields that there are none of", fromJSON("{" + strings.Join(jsonFields, ",") + "}"), `p0: "0" is no field`},
		{"a long app", fromQuery(long), "has more than 4000 bytes"},
		{"an app of many parts", drafted(parts), "has 1001 parameters, more than there are"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
				t.Fatalf("error %.200v, want %q in it", test.err, test.want)
			}
			if n := len(test.err.Error()); n > 5000 {
				t.Errorf("the error has %d bytes", n)
			}
		})
	}
	t.Run("choices of a program", func(t *testing.T) {
		c := blueprint.Choices{Name: "shop", AddOns: make([]blueprint.Service, 1000)}
		if found := c.Complete().Check(); len(found) != 1 || found[0].Field != "addOns" {
			t.Errorf("found %.500v", found)
		}
	})
}

// What is remembered for the next who asks has a bound in bytes.
func TestMemoryForgets(t *testing.T) {
	text, made := blueprint.NewMemory(1000), 0
	ask := func(key string, size int) {
		if got := text(key, func() string { made++; return strings.Repeat("x", size) }); len(got) != size {
			t.Fatalf("%s has %d bytes", key, len(got))
		}
	}
	ask("a", 100)
	ask("a", 100)
	if made != 1 {
		t.Errorf("a text was made %d times", made)
	}
	ask("b", 2000)
	ask("c", 1)
	ask("a", 100)
	if made != 4 {
		t.Errorf("%d texts were made, want 4: too much is kept", made)
	}
}
