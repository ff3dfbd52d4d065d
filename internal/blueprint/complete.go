package blueprint

import (
	"cmp"
	"slices"
)

// Complete returns the choices with every empty field filled in: the usual
// value, or the one that goes with the others. What is chosen already is kept,
// the order of add-ons aside, which does not matter.
func (c Choices) Complete() Choices {
	c.Target = cmp.Or(c.Target, TargetAzure)
	c.Engine = cmp.Or(c.Engine, Engines()[0].Value)
	if c.Database.Kind == "" {
		c.Database = Service{Kind: None}
	}
	c.Database = c.Database.complete(c.Target)
	c.AddOns = slices.Clone(c.AddOns)
	for i := range c.AddOns {
		c.AddOns[i] = c.AddOns[i].complete(c.Target)
	}
	slices.SortStableFunc(c.AddOns, func(a, b Service) int { return cmp.Compare(a.Kind, b.Kind) })
	if c.Target == TargetAzure {
		c.Region = cmp.Or(c.Region, DefaultRegion)
		if c.Network == "" {
			c.Network = NetworkPublic
			if _, needed := c.needsEndpoint(); needed {
				c.Network = NetworkPrivate
			}
		}
	}
	if len(c.Apps) == 0 {
		c.Apps = []App{{}}
	}
	c.Apps = slices.Clone(c.Apps)
	for i := range c.Apps {
		c.Apps[i] = c.Apps[i].complete(c)
	}
	return c
}

func (s Service) complete(target string) Service {
	if target != TargetAzure {
		return s
	}
	k, _ := kindOf(s.Kind)
	if len(k.tiers) > 0 {
		s.Tier = cmp.Or(s.Tier, k.tiers[0].Value)
	}
	if len(k.versions) > 0 {
		s.Version = cmp.Or(s.Version, k.versions[0])
	}
	return s
}

// DefaultApp is the name of an app that was given none.
const DefaultApp = "web"

func (a App) complete(c Choices) App {
	a.Name = cmp.Or(a.Name, DefaultApp)
	a.Path = cmp.Or(a.Path, ".")
	a.Runtime = cmp.Or(a.Runtime, "docker")
	r, _ := runtimeOf(a.Runtime)
	if r.java {
		a.BuildTool = cmp.Or(a.BuildTool, Maven)
	}
	if a.Version == "" && len(r.versions) > 0 {
		a.Version = r.versions[0]
		if old := oldVersions(r); a.Hosting == HostingFunction && a.Tier == "consumption" && len(old) > 0 {
			a.Version = old[0]
		}
	}
	if c.Target != TargetAzure {
		a.Hosting = cmp.Or(a.Hosting, HostingLocal)
		return a
	}
	a.Hosting = cmp.Or(a.Hosting, r.hosting(a.Packaging))
	a.Packaging = cmp.Or(a.Packaging, r.packaging(a.Hosting))
	if k, ok := kindOf(a.Hosting); ok && a.Tier == "" {
		a.Tier = k.tiers[0].Value
	}
	if a.Packaging == PackagingImage && a.Port == 0 {
		a.Port = r.port
	}
	return a
}

// hosting is the usual hosting of a runtime.
func (r runtimeKind) hosting(packaging string) string {
	switch {
	case r.Value == "static":
		return HostingStaticWebApp
	case r.stack == "" || packaging == PackagingImage:
		return HostingContainerApp
	}
	return HostingWebApp
}

// packaging is the usual way in which a hosting takes a runtime.
func (r runtimeKind) packaging(hosting string) string {
	if hosting == HostingContainerApp || hosting == HostingWebApp && r.stack == "" {
		return PackagingImage
	}
	return PackagingArchive
}
