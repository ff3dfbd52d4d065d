package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/aloft-dev/aloft"
)

// PutDatabase makes the database, or repairs it: after it there is a record, a
// role with the record's password and a database that this role owns and only
// it may connect to. A name that breaks the rule is CodeInvalid; what another
// creation made and is there is CodeConflict, and so is a server whose data are lost or
// another's (see Astray). What is there without a record has
// lost it (it is of this environment by its label): it is taken over with its data.
func (s *Server) PutDatabase(ctx context.Context, key aloft.EnvironmentKey, name string, claim aloft.Claim) (aloft.Database, error) {
	if err := validate(key, name); err != nil {
		return aloft.Database{}, err
	}
	if err := s.admit(ctx, key); err != nil {
		return aloft.Database{}, err
	}
	var made aloft.Database
	err := s.exclusively(ctx, Identifier(key, name), func(conn session) error {
		record, recorded, err := s.record(ctx, key, name)
		if err == nil && recorded {
			err = conn.check(ctx, record, claim)
		}
		if err != nil {
			return err
		}
		made = located(record, conn.port)
		made.Creation, made.Cluster = claim.Creation, conn.cluster
		// The record comes first: what is on the server without one is an orphan.
		if err := s.options.Store.PutDatabase(ctx, made); err != nil {
			return err
		}
		if err := conn.putRole(ctx, made); err != nil {
			return err
		}
		return conn.putDatabase(ctx, made)
	})
	if err != nil {
		return aloft.Database{}, explain("make", key, name, err)
	}
	return made, nil
}

// Database returns a database with its present URL. It is CodeNotFound when
// there is no record of it, or when it or its role is no longer on the server.
func (s *Server) Database(ctx context.Context, key aloft.EnvironmentKey, name string) (aloft.Database, error) {
	if err := validate(key, name); err != nil {
		return aloft.Database{}, err
	}
	record, err := s.options.Store.Database(ctx, key, name)
	if err != nil {
		return aloft.Database{}, err
	}
	if !s.used() {
		return aloft.Database{}, missing(record)
	}
	err = s.administer(ctx, func(conn session) error {
		there, err := conn.has(ctx, record)
		if err == nil && !there {
			err = missing(record)
		}
		record = located(record, conn.port)
		return err
	})
	if err != nil {
		return aloft.Database{}, explain("find", key, name, err)
	}
	return record, nil
}

// DeleteDatabase drops the database, whoever is connected to it, with its role
// and its record, if it is of that creation. Deleting what is not there is no error.
func (s *Server) DeleteDatabase(ctx context.Context, key aloft.EnvironmentKey, name, creation string) error {
	if err := validate(key, name); err != nil {
		return err
	}
	record, err := s.options.Store.Database(ctx, key, name)
	if err == nil && !aloft.SameCreation(record.Creation, creation) {
		return nil
	}
	if err != nil && aloft.ErrorCode(err) != aloft.CodeNotFound {
		return err
	}
	return s.remove(ctx, key, name)
}

// remove is DeleteDatabase for whatever creation is there.
func (s *Server) remove(ctx context.Context, key aloft.EnvironmentKey, name string) error {
	if s.used() {
		identifier := Identifier(key, name)
		err := s.exclusively(ctx, identifier, func(conn session) error {
			return conn.drop(ctx, identifier, label(key, name))
		})
		if err != nil {
			return explain("delete", key, name, err)
		}
	}
	err := s.options.Store.DeleteDatabase(ctx, key, name)
	if aloft.ErrorCode(err) == aloft.CodeNotFound {
		return nil
	}
	return err
}

// record returns the record of a database, a new one with a new password when
// there is none.
func (s *Server) record(ctx context.Context, key aloft.EnvironmentKey, name string) (record aloft.Database, recorded bool, err error) {
	record, err = s.options.Store.Database(ctx, key, name)
	if aloft.ErrorCode(err) != aloft.CodeNotFound {
		return record, true, err
	}
	identifier := Identifier(key, name)
	return aloft.Database{
		EnvironmentKey: key, Name: name,
		Database: identifier, Username: identifier, Password: rand.Text(),
	}, false, nil
}

// check refuses to put what is on the server by another creation. A record of
// what is gone may be taken by anybody.
func (c session) check(ctx context.Context, record aloft.Database, claim aloft.Claim) error {
	refused := claim.Check("aloft_postgresql", record.EnvironmentKey.String()+"/"+record.Name, record.Creation)
	if refused == nil {
		return nil
	}
	there, err := c.has(ctx, record)
	if err != nil || !there {
		return err
	}
	return refused
}

// located returns the record with the place where the server is now.
func located(d aloft.Database, port int) aloft.Database {
	d.Host, d.Port = host, port
	d.URL = connectionURL(d.Username, d.Password, port, d.Database)
	return d
}

func validate(key aloft.EnvironmentKey, name string) error {
	if err := key.Validate(); err != nil {
		return err
	}
	return aloft.ValidateAppName(name)
}

func missing(d aloft.Database) error {
	return aloft.Errorf(aloft.CodeNotFound, "database %s of %s (%s) is not on the server", d.Name, d.EnvironmentKey, d.Database)
}

// explain says what could not be done, unless err already reads well by itself.
func explain(verb string, key aloft.EnvironmentKey, name string, err error) error {
	if _, ok := errors.AsType[*aloft.Error](err); ok {
		return err
	}
	return fmt.Errorf("cannot %s database %s of %s: %w", verb, name, key, err)
}

// quoted returns an identifier for use in a statement.
func quoted(identifier string) string { return pgx.Identifier{identifier}.Sanitize() }
