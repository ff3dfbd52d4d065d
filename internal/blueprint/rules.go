package blueprint

import (
	"fmt"
	"slices"
)

// hosting checks that the app's runtime can run there.
func (k *checker) hosting(field string, a App, r runtimeKind) {
	image := a.Packaging == PackagingImage
	switch a.Hosting {
	case HostingContainerApp:
		if !image {
			k.add(field+".packaging", a.Packaging, "does not go with a container app, which runs images", []string{PackagingImage})
		}
	case HostingStaticWebApp:
		if !r.frontend {
			k.add(field+".hosting", a.Hosting, "serves files; "+r.Title+" needs a server", []string{HostingWebApp, HostingContainerApp})
		} else if image {
			k.add(field+".packaging", a.Packaging, "does not go with a static web app, which serves files", []string{PackagingArchive})
		}
	case HostingWebApp:
		if !image && r.stack == "" {
			k.add(field+".packaging", a.Packaging, "does not go with a web app, which brings no runtime for "+r.Title, []string{PackagingImage})
		}
	case HostingFunction:
		k.function(field, a, r)
	}
}

// function checks what Azure Functions can run. Versions: those that the
// provider and the consumption plans take.
func (k *checker) function(field string, a App, r runtimeKind) {
	switch {
	case r.function == "":
		k.add(field+".hosting", a.Hosting, "has no worker for "+r.Title, []string{HostingContainerApp, HostingWebApp})
	case a.Packaging == PackagingImage:
		k.add(field+".packaging", a.Packaging, "does not go with a function, which runs archives", []string{PackagingArchive})
	case a.Tier == "consumption" && r.function != "custom":
		if allowed := oldVersions(r); len(r.versions) > 0 && !slices.Contains(allowed, a.Version) {
			if len(allowed) == 0 {
				k.add(field+".tier", a.Tier, "gets no version of "+r.Title+" that is maintained", []string{"flex", "premium"})
			} else {
				k.add(field+".version", a.Version, "is newer than what the consumption tier gets", allowed)
			}
		}
	}
}

// lastOnConsumption are the newest versions that the consumption plan for Linux
// gets: it has been given no new ones since September 2025.
var lastOnConsumption = map[string][]string{
	"java": {"21", "17"}, "node": {"22"}, "python": {"3.12", "3.11"},
}

// oldVersions lists the versions of a runtime that the consumption plan has.
func oldVersions(r runtimeKind) []string {
	var list []string
	for _, v := range lastOnConsumption[r.function] {
		if slices.Contains(r.versions, v) {
			list = append(list, v)
		}
	}
	return list
}

// needsEndpoint returns the first add-on that can only be closed by a private
// endpoint.
func (c Choices) needsEndpoint() (kind, bool) {
	for _, s := range c.AddOns {
		if k, ok := kindOf(s.Kind); ok && k.endpoint {
			return k, true
		}
	}
	return kind{}, false
}

// closed returns the first service that is not open to everybody, so that only
// apps in the virtual network reach it.
func (c Choices) closed() (kind, bool) {
	if c.HasDatabase() {
		return kindOf(c.Database.Kind)
	}
	for _, s := range c.AddOns {
		if k, ok := kindOf(s.Kind); ok && !k.open {
			return k, true
		}
	}
	return kind{}, false
}

// reach checks that the region has what a tier promises.
func (k *checker) reach() {
	c := k.choices
	region := regionOf(c.Region)
	for i, s := range c.AddOns {
		field := fmt.Sprintf("addOns[%d].tier", i)
		switch {
		case s.Kind == BlobStorage && s.Tier != "standard" && !region.zones:
			k.add(field, s.Tier, region.Title+" has no availability zones", []string{"standard"})
		case s.Kind == BlobStorage && s.Tier == "geo-redundant" && !region.pair:
			k.add(field, s.Tier, region.Title+" has no paired region", []string{"standard", "zone-redundant"})
		}
	}
}

// together checks what each choice is good for by itself against the others.
func (k *checker) together() {
	c := k.choices
	if service, needed := c.needsEndpoint(); needed && c.Network != NetworkPrivate {
		k.add("network", c.Network, fmt.Sprintf("leaves %s open to the internet: it has no firewall, only a private endpoint", service.Title), []string{NetworkPrivate})
	}
	service, closed := c.closed()
	for i, a := range c.Apps {
		host, _ := kindOf(a.Hosting)
		t := host.tier(a.Tier)
		if !t.isolated {
			continue
		}
		if a.Hosting == HostingStaticWebApp {
			continue // its files run in browsers, which reach none of the services
		}
		field := fmt.Sprintf("apps[%d].tier", i)
		if closed {
			k.add(field, a.Tier, fmt.Sprintf("cannot join a network, so %s would have to be open to everybody for it", service.Title), joining(host))
		} else if c.Network == NetworkPrivate {
			k.add(field, a.Tier, "cannot join a network", joining(host))
		}
	}
}

// Together returns the choices with the network and the tiers by which the apps reach
// the services without opening them to everybody, and tells of each that is another.
func (c Choices) Together() (Choices, []string) {
	var notices []string
	if service, needed := c.needsEndpoint(); needed && c.Network == NetworkPublic {
		c.Network = NetworkPrivate
		notices = append(notices, fmt.Sprintf("The network is private: in a public one %s would be open to the internet.", service.Title))
	}
	service, closed := c.closed()
	reason := service.Title
	if !closed {
		reason = "a private network"
	}
	c.Apps = slices.Clone(c.Apps)
	for i, a := range c.Apps {
		host, _ := kindOf(a.Hosting)
		was := host.tier(a.Tier)
		if !was.isolated || a.Hosting == HostingStaticWebApp || !closed && c.Network != NetworkPrivate {
			continue
		}
		c.Apps[i].Tier = joining(host)[0]
		notices = append(notices, fmt.Sprintf("The tier of %s is %s: %s cannot join a network, and so could not reach %s without opening it to everybody.",
			appName(a), host.tier(c.Apps[i].Tier).Title, was.Title, reason))
	}
	return c, notices
}

// mixed checks that functions in the virtual network are of one kind: their
// subnet is handed over either to flex consumption or to plans.
func (k *checker) mixed() {
	first := ""
	for i, a := range k.choices.Apps {
		host, _ := kindOf(a.Hosting)
		if a.Hosting != HostingFunction || host.tier(a.Tier).isolated {
			continue
		}
		if first == "" {
			first = a.Tier
		}
		if a.Tier != first {
			k.add(fmt.Sprintf("apps[%d].tier", i), a.Tier, "cannot share the functions' subnet with "+first, []string{first})
		}
	}
}

// joining lists the tiers of a hosting that can join a network.
func joining(host kind) []string {
	var list []string
	for _, t := range host.tiers {
		if !t.isolated {
			list = append(list, t.Value)
		}
	}
	return list
}
