package blueprint_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft"
	"github.com/aloft-dev/aloft/internal/blueprint"
)

// An edit tells what it does to environments that are there, and nothing where
// it does nothing to them.
func TestConsequencesOfAnEdit(t *testing.T) {
	container := blueprint.Choices{Apps: []blueprint.App{{Runtime: "docker", Hosting: "container-app"}}}
	web := blueprint.Choices{Apps: []blueprint.App{{Runtime: "node", Hosting: "web-app"}}}
	with := func(c blueprint.Choices, database string, addOns ...string) blueprint.Choices {
		c.Database.Kind = database
		for _, kind := range addOns {
			c.AddOns = append(c.AddOns, blueprint.Service{Kind: kind})
		}
		return c
	}
	on := func(c blueprint.Choices, target string) blueprint.Choices {
		c.Target, c.Apps = target, []blueprint.App{{Runtime: "node"}}
		return c
	}
	const (
		join    = "Container apps join a virtual network only by being made anew"
		leave   = "Container apps leave a virtual network only by being made anew"
		private = "The network is private now: Redis can be closed in no other way."
	)
	for _, test := range []struct {
		name    string
		choices blueprint.Choices
		edit    string
		want    []string // how the notices of the edit begin
	}{
		{"the first database", container, "add postgresql", []string{join}},
		{"the first add-on in a network", container, "add redis", []string{private, join}},
		{"a private network", container, "set network=private", []string{join}},
		{"a network that is there", with(container, "postgresql"), "add redis", []string{private}},
		{"nothing that needs one", container, "add application-insights", nil},
		{"web apps join as they are", web, "add postgresql", nil},
		{"the last database", with(container, "postgresql"), "remove postgresql", []string{"The next push of an environment destroys its PostgreSQL, with what is in it.", leave}},
		{"a database of two services", with(container, "postgresql", "blob-storage"), "remove postgresql", []string{"The next push of an environment destroys its PostgreSQL"}},
		{"what holds nothing", with(web, "none", "application-insights"), "remove application-insights", nil},
		{"a vault", with(web, "none", "key-vault"), "remove key-vault", []string{"The next push of an environment destroys its Key vault"}},
		{"a vault that stays", with(web, "postgresql", "key-vault"), "remove key-vault", nil},
		{"a vault that stays another's", with(web, "postgresql", "key-vault"), "remove postgresql", []string{"The next push of an environment destroys its PostgreSQL"}},
		{"a region", with(web, "postgresql"), "set region=northeurope", []string{"The next push of an environment makes it anew in North Europe, at other addresses; what its databases and stores hold in West Europe is destroyed, not taken along. Copy it out first, or take this edit back with git; one that is not made yet can begin there: aloft set region=northeurope --env NAME."}},
		{"a region that no single environment can have", with(web, "postgresql"), "set region=westindia", []string{"The next push of an environment makes it anew in West India, at other addresses; what its databases and stores hold in West Europe is destroyed, not taken along. Copy it out first, or take this edit back with git."}},
		{"a region of what keeps nothing", web, "set region=northeurope", []string{"The next push of an environment makes it anew in North Europe, at other addresses."}},
		{"the same region", web, "set region=westeurope", nil},
		{"a higher version", with(web, "postgresql"), "set database.version=18", []string{"Servers of PostgreSQL 17 that are there are upgraded"}},
		{"the same version", with(web, "postgresql"), "set database.version=17", nil},
		{"another size", with(web, "postgresql"), "set database.tier=general-purpose", nil},
		{"Redis from basic", with(web, "none", "redis"), "set redis.tier=premium", []string{"From or to basic, Redis is another cache"}},
		{"another hosting", web, "set hosting=container-app", []string{"web is made anew as a container app"}},
		{"a size of a function", blueprint.Choices{Apps: []blueprint.App{{Runtime: "node", Hosting: "function"}}}, "set tier=premium", []string{"web is made anew in its new size"}},
		{"a size of a web app", web, "set tier=standard", nil},
		{"a local database", on(with(web, "postgresql"), "local"), "remove postgresql", []string{"The next push of an environment destroys its PostgreSQL"}},
		{"what the local target has not", on(with(web, "mysql", "blob-storage"), "local"), "remove blob-storage", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.choices.Name = "shop"
			before := test.choices.Complete()
			after, err := edited(before, test.edit)
			if err != nil {
				t.Fatal(err)
			}
			got := after.Consequences(before)
			if !slices.EqualFunc(got, test.want, strings.HasPrefix) {
				t.Errorf("%s tells %q, want %q", test.edit, got, test.want)
			}
			if told := after.Consequences(after); len(told) > 0 {
				t.Errorf("no change tells %q", told)
			}
		})
	}
}

// edited does what a command line says.
func edited(c blueprint.Choices, line string) (blueprint.Choices, error) {
	word, argument, _ := strings.Cut(line, " ")
	switch word {
	case "add":
		return c.Add(argument)
	case "remove":
		return c.Remove(argument)
	}
	key, value, _ := strings.Cut(argument, "=")
	return c.Set(key, value)
}

// No server goes back to a version: another one, without the data, takes its place.
func TestNoLowerVersionOfADatabase(t *testing.T) {
	c := blueprint.Choices{Name: "shop", Apps: []blueprint.App{{Runtime: "node"}}, Database: blueprint.Service{Kind: "postgresql", Version: "17"}}.Complete()
	older, err := c.Set("database.version", "15")
	if err != nil {
		t.Fatal(err)
	}
	wrong, ok := errors.AsType[*aloft.Error](older.Keeps(c))
	if !ok || wrong.Code != aloft.CodeConflict || !strings.Contains(wrong.Error(), "destroyed with its data") || !strings.Contains(wrong.Hint, "dump and restore") {
		t.Errorf("it is not refused: %v", wrong)
	}
	if err := c.Keeps(older); err != nil {
		t.Errorf("a higher version: %v", err)
	}
	if err := c.Keeps(c); err != nil {
		t.Errorf("the same version: %v", err)
	}
	none, err := older.Remove("postgresql")
	if err != nil || none.Keeps(c) != nil {
		t.Errorf("no database: %v, %v", err, none.Keeps(c))
	}
	if _, err := c.Set("database.version", "9"); aloft.ErrorCode(err) != aloft.CodeInvalid {
		t.Errorf("a version that there is none of: %v", err)
	}
}

func TestVariable(t *testing.T) {
	for text, want := range map[string]string{
		"version = \"18\"\n": "18", "version = 18 # the newest\n": "18", "": "", "other = \"18\"": "", "version = max(1, 2)\n": "", "version = null": "", "version = \"": "",
	} {
		if got := blueprint.Variable("prod.tfvars", []byte(text), "version"); got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}
