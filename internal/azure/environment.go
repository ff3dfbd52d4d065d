package azure

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

const groupVersion = "2021-04-01" // of the API of resource groups

// holders are the types of resources that hold data of an environment.
var holders = []string{
	"microsoft.dbforpostgresql/flexibleservers", "microsoft.dbformysql/flexibleservers", "microsoft.sql/servers/databases",
	"microsoft.documentdb/databaseaccounts", "microsoft.documentdb/mongoclusters", "microsoft.cache/redis", "microsoft.cache/redisenterprise",
	"microsoft.storage/storageaccounts", "microsoft.keyvault/vaults",
}

type resourceGroup struct {
	ID   string            `json:"id"`
	Name string            `json:"name"`
	Tags map[string]string `json:"tags"`
}

// groups finds the resource groups of an environment: those that Aloft's
// configuration has tagged with its project and name.
func (t *Target) groups(ctx context.Context, key aloft.EnvironmentKey) ([]resourceGroup, error) {
	if t.options.Subscription == "" {
		return nil, noSubscription("look for " + key.String())
	}
	var found []resourceGroup
	next := "/subscriptions/" + url.PathEscape(t.options.Subscription) + "/resourcegroups?" +
		url.Values{"$filter": {"tagName eq 'environment' and tagValue eq '" + key.Environment + "'"}}.Encode()
	for next != "" {
		var page struct {
			Value []resourceGroup `json:"value"`
			Next  string          `json:"nextLink"`
		}
		if _, err := t.client.send(ctx, call{doing: "list the resource groups of " + key.String(), url: next, version: groupVersion}, &page); err != nil {
			return nil, err
		}
		for _, group := range page.Value {
			if group.belongs(key) {
				found = append(found, group)
			}
		}
		if next = page.Next; next != "" && !t.client.own(next) {
			return nil, fmt.Errorf("cannot list the resource groups of %s: the next page is at another host", key)
		}
	}
	return found, nil
}

// belongs reads all three tags: the filter of the list takes one only.
func (g resourceGroup) belongs(key aloft.EnvironmentKey) bool {
	tags := map[string]string{}
	for name, value := range maps.All(g.Tags) {
		tags[strings.ToLower(name)] = value
	}
	return tags["project"] == key.Project && tags["environment"] == key.Environment && tags["managed-by"] == "aloft"
}

// contents lists the resources of an environment, as type and name.
func (t *Target) contents(ctx context.Context, key aloft.EnvironmentKey, wanted func(kind string) bool) ([]string, error) {
	groups, err := t.groups(ctx, key)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, group := range groups {
		for next := group.ID + "/resources"; next != ""; {
			var page struct {
				Value []struct {
					Name string `json:"name"`
					Type string `json:"type"`
				} `json:"value"`
				Next string `json:"nextLink"`
			}
			_, err := t.client.send(ctx, call{doing: "list what is in " + group.Name, url: next, version: groupVersion}, &page)
			if hasStatus(err, http.StatusNotFound) {
				break
			}
			if err != nil {
				return nil, err
			}
			for _, r := range page.Value {
				if wanted(strings.ToLower(r.Type)) {
					list = append(list, r.Type+" "+r.Name)
				}
			}
			if next = page.Next; next != "" && !t.client.own(next) {
				return nil, fmt.Errorf("cannot list what is in %s: the next page is at another host", group.Name)
			}
		}
	}
	slices.Sort(list)
	return list, nil
}

// Reconcile heals nothing: Azure keeps apps running by itself, and what differs
// otherwise is Terraform's to tell.
func (t *Target) Reconcile(context.Context, aloft.EnvironmentKey) (healed, broken []string, err error) {
	return nil, nil, nil
}

// Holding lists the databases, storage accounts and vaults of an environment, as
// type and name.
func (t *Target) Holding(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	list, err := t.contents(ctx, key, func(kind string) bool { return slices.Contains(holders, kind) })
	return list, explain(err)
}

// Remains lists what there is of an environment: its groups, and what is in them.
func (t *Target) Remains(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	groups, err := t.groups(ctx, key)
	if err != nil {
		return nil, explain(err)
	}
	list, err := t.contents(ctx, key, func(string) bool { return true })
	for _, group := range groups {
		list = append(list, "resource group "+group.Name)
	}
	return list, explain(err)
}

// Remove deletes the resource groups of an environment with all that is in them,
// and waits until they are gone.
func (t *Target) Remove(ctx context.Context, key aloft.EnvironmentKey) error {
	groups, err := t.groups(ctx, key)
	if err != nil {
		return explain(err)
	}
	for _, group := range groups {
		x := call{doing: "delete the resource group " + group.Name, method: http.MethodDelete, url: group.ID, version: groupVersion}
		begun, err := t.client.change(ctx, x, func(string, ...any) {})
		if err == nil {
			err = begun.wait(ctx)
		}
		if err != nil {
			return explain(err)
		}
	}
	return nil
}
