package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft"
)

// DeleteAll removes every database and role of an environment, those without a
// record included. It goes on after an error and returns all of them.
func (s *Server) DeleteAll(ctx context.Context, key aloft.EnvironmentKey) error {
	names, err := s.recorded(ctx, key)
	if err != nil {
		return err
	}
	found, err := s.labelled(ctx, key)
	if err != nil {
		return err
	}
	names = append(names, found...)
	slices.Sort(names)
	var failed error
	for _, name := range slices.Compact(names) {
		failed = errors.Join(failed, s.remove(ctx, key, name))
	}
	return failed
}

// Remains returns what an environment has on the server that no record knows,
// such as "database shop_alice_main_3f2a1c", sorted.
func (s *Server) Remains(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	known, err := s.recorded(ctx, key)
	if err != nil {
		return nil, err
	}
	names, err := s.labelled(ctx, key)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, name := range names {
		if slices.Contains(known, name) {
			continue
		}
		role := Identifier(key, name)
		databases, err := s.owned(ctx, role)
		if err != nil {
			return nil, err
		}
		for _, database := range databases {
			list = append(list, "database "+database)
		}
		list = append(list, "role "+role)
	}
	slices.Sort(list)
	return list, nil
}

// Holding lists the databases that there are of an environment, whether they are in
// the records or not.
func (s *Server) Holding(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	names, err := s.labelled(ctx, key)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, name := range names {
		databases, err := s.owned(ctx, Identifier(key, name))
		if err != nil {
			return nil, err
		}
		for _, database := range databases {
			list = append(list, "database "+database)
		}
	}
	slices.Sort(list)
	return list, nil
}

// Reconcile compares the records of an environment with the server and returns
// the differences, in words. It changes nothing on the server: Terraform makes missing
// databases again.
func (s *Server) Reconcile(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	records, err := s.options.Store.Databases(ctx, key)
	if err != nil {
		return nil, err
	}
	var differences []string
	for _, record := range records {
		switch _, err := s.Database(ctx, key, record.Name); aloft.ErrorCode(err) {
		case "":
			if err := s.adopt(ctx, record); err != nil {
				return nil, err
			}
		case aloft.CodeNotFound:
			differences = append(differences, fmt.Sprintf("database %s (%s) is missing", record.Name, record.Database))
		default:
			return nil, err
		}
	}
	remains, err := s.Remains(ctx, key)
	for _, remain := range remains {
		differences = append(differences, remain+" is left over: nothing declares it")
	}
	return differences, err
}

// Made lists the databases that Terraform has made of an environment, in words. One
// that is in the records and not on the server is for Reconcile to tell.
func (s *Server) Made(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	names, err := s.recorded(ctx, key)
	for i, name := range names {
		names[i] = "database " + name
	}
	return names, err
}

// recorded returns the names of the databases with a record.
func (s *Server) recorded(ctx context.Context, key aloft.EnvironmentKey) ([]string, error) {
	records, err := s.options.Store.Databases(ctx, key)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, record := range records {
		names = append(names, record.Name)
	}
	return names, nil
}

// labelled returns the names of the databases whose role is on the server.
func (s *Server) labelled(ctx context.Context, key aloft.EnvironmentKey) (names []string, err error) {
	if err := key.Validate(); err != nil || !s.used() {
		return nil, err
	}
	prefix := labelPrefix(key)
	err = s.administer(ctx, func(conn session) error {
		names, err = conn.list(ctx, `SELECT shobj_description(oid, 'pg_authid') FROM pg_roles
			WHERE starts_with(shobj_description(oid, 'pg_authid'), $1) ORDER BY 1`, prefix)
		return err
	})
	for i, name := range names {
		names[i] = strings.TrimPrefix(name, prefix)
	}
	return names, err
}

// owned returns the databases that belong to a role.
func (s *Server) owned(ctx context.Context, role string) (databases []string, err error) {
	err = s.administer(ctx, func(conn session) error {
		databases, err = conn.list(ctx,
			"SELECT datname::text FROM pg_database JOIN pg_roles r ON datdba = r.oid WHERE rolname = $1", role)
		return err
	})
	return databases, err
}
