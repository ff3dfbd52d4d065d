package blueprint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/go-version"

	"github.com/aloft-dev/aloft"
)

// Consequences tell what it does to environments that are there that the choices
// were others before: what is destroyed, and what is made anew. The next push of
// each does it.
func (c Choices) Consequences(before Choices) []string {
	c, before = c.Complete(), before.Complete()
	var list []string
	for _, service := range before.keepers() {
		if title, gone := lostWith(before, c, service); gone {
			list = append(list, fmt.Sprintf("The next push of an environment destroys its %s, with what is in it.", title))
		}
	}
	if c.Target != TargetAzure || before.Target != TargetAzure {
		return list
	}
	if before.Region != c.Region {
		list = append(list, c.relocated(before))
	}
	if service, needed := c.needsEndpoint(); needed && before.Network == NetworkPublic && c.Network == NetworkPrivate {
		list = append(list, fmt.Sprintf("The network is private now: %s can be closed in no other way. Every service gets a private endpoint in a virtual network, at a price by the hour, and loses its public door.", service.Title))
	}
	list = append(list, c.moved(before)...)
	if from, to := before.Database, c.Database; from.Kind == to.Kind && lower(from.Version, to.Version) {
		list = append(list, fmt.Sprintf("Servers of %s %s that are there are upgraded, away for some minutes meanwhile; there is no way back from %s.", title(to.Kind), from.Version, to.Version))
	}
	from, had := before.AddOn(Redis)
	if to, has := c.AddOn(Redis); had && has && from.Tier != to.Tier && (from.Tier == "basic" || to.Tier == "basic") {
		list = append(list, "From or to basic, Redis is another cache: those that are there are made anew, empty.")
	}
	return list
}

// relocated tells what another region does.
func (c Choices) relocated(before Choices) string {
	there := fmt.Sprintf("The next push of an environment makes it anew in %s, at other addresses", regionOf(c.Region).Title)
	if len(before.keepers()) == 0 {
		return there + "."
	}
	text := fmt.Sprintf("%s; what its databases and stores hold in %s is destroyed, not taken along. Copy it out first, or take this edit back with git", there, regionOf(before.Region).Title)
	if before.elsewhere(c.Region) == nil {
		text += fmt.Sprintf("; one that is not made yet can begin there: aloft set region=%s --env NAME", c.Region)
	}
	return text + "."
}

// moved tells of apps that are made anew, which takes their addresses along.
func (c Choices) moved(before Choices) []string {
	was, is := newAzure(before), newAzure(c)
	var list []string
	if was.network != is.network && was.hasHosting(HostingContainerApp) && is.hasHosting(HostingContainerApp) {
		verb := "join"
		if was.network {
			verb = "leave"
		}
		list = append(list, fmt.Sprintf("Container apps %s a virtual network only by being made anew: those that are there are away until they are deployed, and have other addresses then.", verb))
	}
	for _, a := range c.Apps {
		i := slices.IndexFunc(before.Apps, func(old App) bool { return old.Name == a.Name })
		switch {
		case i < 0:
		case before.Apps[i].Hosting != a.Hosting:
			list = append(list, fmt.Sprintf("%s is made anew as a %s: it is away until it is deployed, and has another address then.", a.Name, strings.ToLower(title(a.Hosting))))
		case a.Hosting == HostingFunction && before.Apps[i].Tier != a.Tier:
			list = append(list, fmt.Sprintf("%s is made anew in its new size, with the same name and storage: it is away until it is deployed.", a.Name))
		}
	}
	return list
}

// lostWith returns the title of a service that is in the one choices and not in the
// other.
func lostWith(before, after Choices, service string) (string, bool) {
	kind, _ := kindOf(service)
	if slices.Contains(after.services(), service) || before.Target == TargetLocal && service != PostgreSQL {
		return "", false
	}
	if service == KeyVault && after.Target == TargetAzure && newAzure(after).vault {
		return "", false // it stays, for the password of the database
	}
	return kind.Title, true
}

// Keeps refuses a version of the database below the one before: Azure makes another
// server of it, and Terraform destroys the first. The error is CodeConflict.
func (c Choices) Keeps(before Choices) error {
	c, before = c.Complete(), before.Complete()
	is, wanted := before.Database.Version, c.Database.Version
	if c.Database.Kind != before.Database.Kind || !lower(wanted, is) {
		return nil
	}
	return aloft.Errorf(aloft.CodeConflict, "database.version: %s is lower than %s, and no server goes back: it would be destroyed with its data, and an empty one made", wanted, is).
		WithHint("an environment that is not made yet can begin with it: write database_version = %q into terraform/environments/NAME.tfvars, and bring the data there by dump and restore", wanted)
}

// lower reports whether a version such as 8.4 is below another one.
func lower(text, other string) bool {
	is, err1 := version.NewVersion(text)
	than, err2 := version.NewVersion(other)
	return err1 == nil && err2 == nil && is.LessThan(than)
}
