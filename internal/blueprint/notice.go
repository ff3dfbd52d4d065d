package blueprint

import (
	"fmt"
	"slices"
	"strings"
)

// Notices tell what complete choices do not give, or give otherwise than one
// might think.
func (c Choices) Notices() []string {
	list := c.unused()
	if c.Target == TargetLocal {
		if c.HasDatabase() && c.Database.Kind != PostgreSQL {
			list = append(list, fmt.Sprintf("The local target has no %s: the apps are given no database. It has postgresql.", title(c.Database.Kind)))
		}
		for _, s := range c.AddOns {
			list = append(list, fmt.Sprintf("The local target has no %s: the apps are given none.", title(s.Kind)))
		}
		return list
	}
	for _, kind := range []string{Redis, MongoDB} {
		if _, chosen := c.AddOn(kind); chosen {
			list = append(list, fmt.Sprintf("%s lets identities in, not passwords: the app's client has to log in with a token of its identity (AZURE_CLIENT_ID). docs/generated.md of Aloft tells how.", title(kind)))
		}
	}
	region := regionOf(c.Region)
	if i := slices.IndexFunc(c.Apps, func(a App) bool { return a.Hosting == HostingWebApp && a.Tier == "free" }); i >= 0 {
		list = append(list, fmt.Sprintf("Azure gives a subscription one free plan in a region: another environment in %s needs another size, aloft set %s=basic --env NAME.", region.Title, c.tierKey(c.Apps[i])))
	}
	free := slices.DeleteFunc(slices.Clone(c.Apps), func(a App) bool { return a.Hosting != HostingStaticWebApp || a.Tier != "free" })
	if n := len(free); n > 0 {
		list = append(list, fmt.Sprintf("Azure gives a subscription ten free static web apps, and each environment takes %d: beyond, an environment needs another size, aloft set %s=standard --env NAME.", n, c.tierKey(free[0])))
	}
	database, _ := kindOf(c.Database.Kind)
	promised := database.tier(c.Database.Tier).standby
	if promised && !region.zones {
		list = append(list, fmt.Sprintf("%s has no availability zones: %s has no standby there.", region.Title, database.Title))
	}
	if promised && !region.pair {
		list = append(list, fmt.Sprintf("%s has no paired region: backups of %s stay there.", region.Title, database.Title))
	}
	if near := region.static; near != region.Value && slices.ContainsFunc(c.Apps, func(a App) bool { return a.Hosting == HostingStaticWebApp }) {
		list = append(list, fmt.Sprintf("%s takes no static web apps: theirs is %s; what they serve is near everybody all the same.", region.Title, regionOf(near).Title))
	}
	return list
}

// tierKey is what Set calls the size of an app.
func (c Choices) tierKey(a App) string {
	if len(c.Apps) == 1 {
		return "tier"
	}
	return a.Name + ".tier"
}

// unused tells of services that no app can reach, for all are files, which run in
// browsers.
func (c Choices) unused() []string {
	if slices.ContainsFunc(c.Apps, func(a App) bool { return a.Runtime != "static" && a.Hosting != HostingStaticWebApp }) {
		return nil
	}
	var titles []string
	for _, service := range c.keepers() {
		titles = append(titles, title(service))
	}
	if len(titles) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("Nothing here will use %s: every app is files, which run in browsers and reach no such service.", strings.Join(titles, ", "))}
}
