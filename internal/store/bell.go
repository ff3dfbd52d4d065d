package store

import (
	"context"
	"database/sql"

	"github.com/riverqueue/river/riverdriver"
)

// bell tells the workers of this process that there is a job. It takes the place
// of River's own notifications, which SQLite would have to poll for: the Store
// that inserts and the Store that works are the same.
type bell chan struct{}

func newBell() bell { return make(bell, 1) }

func (b bell) ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// driver returns River's driver for the database, with the bell and the fence in it.
func (d database) driver(b bell) riverdriver.Driver[*sql.Tx] {
	return &bellDriver{Driver: d.dialect.driver(d.write), bell: b, lease: d.lease}
}

type bellDriver struct {
	riverdriver.Driver[*sql.Tx]
	bell  bell
	lease *lease
}

func (d *bellDriver) GetExecutor() riverdriver.Executor {
	return &fence{d.Driver.GetExecutor(), d.lease}
}

func (d *bellDriver) GetListener(params *riverdriver.GetListenenerParams) riverdriver.Listener {
	return &listener{schema: params.Schema, bell: d.bell}
}

func (d *bellDriver) SupportsListener() bool { return true }

// SupportsListenNotify is false: nothing needs to be sent through the database.
func (d *bellDriver) SupportsListenNotify() bool { return false }

// listener hears the bell as River's notification of an inserted job.
type listener struct {
	schema string
	bell   bell
}

func (l *listener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.bell:
		return &riverdriver.Notification{Topic: "river_insert", Payload: `{"queue": "` + queueReconcile + `"}`}, nil
	}
}

func (l *listener) Close(context.Context) error            { return nil }
func (l *listener) Connect(context.Context) error          { return nil }
func (l *listener) Listen(context.Context, string) error   { return nil }
func (l *listener) Ping(context.Context) error             { return nil }
func (l *listener) Schema() string                         { return l.schema }
func (l *listener) SetAfterConnectExec(string)             {}
func (l *listener) Unlisten(context.Context, string) error { return nil }
