package detect

import (
	"cmp"
	"slices"

	"github.com/aloft-dev/aloft"
)

// Kinds of add-ons.
const (
	postgresql    = "postgresql"
	mysql         = "mysql"
	sqlserver     = "sqlserver"
	mongodb       = "mongodb"
	redis         = "redis"
	rabbitmq      = "rabbitmq"
	kafka         = "kafka"
	elasticsearch = "elasticsearch"
	memcached     = "memcached"
	bucket        = "bucket"
	keyVault      = "key-vault"
	insights      = "application-insights"
)

// addOns returns what the dependencies need, one of each kind, sorted by kind.
// kindOf returns the kinds behind a dependency's name.
func addOns(dependencies []dependency, kindOf func(string) string) []aloft.AddOn {
	var found []aloft.AddOn
	for _, d := range dependencies {
		kind := kindOf(d.name)
		if kind == "" || slices.ContainsFunc(found, func(a aloft.AddOn) bool { return a.Kind == kind }) {
			continue
		}
		found = append(found, aloft.AddOn{Kind: kind, Source: aloft.Source{File: d.file, Line: d.line, Reason: d.name}})
	}
	return sortAddOns(found)
}

func sortAddOns(list []aloft.AddOn) []aloft.AddOn {
	slices.SortFunc(list, func(a, b aloft.AddOn) int { return cmp.Compare(a.Kind, b.Kind) })
	return list
}

// addOn adds a need that is not there yet.
func addOn(list []aloft.AddOn, kind string, from aloft.Source) []aloft.AddOn {
	if kind == "" || slices.ContainsFunc(list, func(a aloft.AddOn) bool { return a.Kind == kind }) {
		return list
	}
	return sortAddOns(append(list, aloft.AddOn{Kind: kind, Source: from}))
}

// relational returns the first database with tables, which migrations need.
func relational(list []aloft.AddOn) (aloft.AddOn, bool) {
	for _, a := range list {
		if slices.Contains([]string{postgresql, mysql, sqlserver}, a.Kind) {
			return a, true
		}
	}
	return aloft.AddOn{}, false
}

// first returns the first of the names, in the order of the names, that is a
// dependency.
func first(dependencies []dependency, names ...string) (dependency, bool) {
	for _, name := range names {
		for _, d := range dependencies {
			if d.name == name {
				return d, true
			}
		}
	}
	return dependency{}, false
}

// depends reports whether one of the names is a dependency.
func depends(dependencies []dependency, names ...string) bool {
	_, ok := first(dependencies, names...)
	return ok
}

// framework makes the setting of the first of the names that is a dependency.
func framework(dependencies []dependency, names ...string) aloft.Setting {
	d, ok := first(dependencies, names...)
	if !ok {
		return aloft.Setting{}
	}
	return aloft.Setting{Value: d.name, Source: aloft.Source{File: d.file, Line: d.line}}
}
