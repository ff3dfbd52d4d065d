package provider

import (
	"context"
	"net"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-log/tfsdklog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

const (
	service    = "plugin"  // what engines ask the health of
	maxMessage = 256 << 20 // bytes; what engines send and take, too
)

// desk serves each line of an engine by a provider of its own, as a plugin would be
// started for each: the framework keeps what one configuration of it says. They
// share the ledger.
type desk struct {
	options Options
	ledger  *ledger
	closing context.Context
	open    sync.WaitGroup
}

func (d *desk) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		d.open.Go(func() { d.serve(conn) })
	}
}

// serve serves a line until the engine or the desk closes it, and no request of it
// is carried out any more.
func (d *desk) serve(conn net.Conn) {
	d.ledger.opened()
	defer d.ledger.closed()
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage),
		grpc.WaitForHandlers(true), grpc.UnaryInterceptor(quiet))
	alive := health.NewServer()
	alive.SetServingStatus(service, grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(server, alive)
	p := &local{options: d.options, ledger: d.ledger, line: &line{}}
	plugin := tf6server.GRPCProviderPlugin{Name: Address, GRPCProvider: providerserver.NewProtocol6(p)}
	if plugin.GRPCServer(nil, server) != nil {
		conn.Close()
		return
	}
	unhook := context.AfterFunc(d.closing, server.Stop)
	defer unhook()
	server.Serve(listenTo(conn))
	server.Stop()
}

// quiet keeps the traces of the framework off our standard error, which it takes
// for a plugin's that an engine reads and filters. TF_LOG brings them back.
func quiet(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	return handle(tfsdklog.ContextWithTestLogging(ctx, socketName), req)
}

// one is a listener to a single connection, and is closed with it.
type one struct {
	net.Conn
	waiting chan net.Conn
	ended   chan struct{}
	end     func()
}

func listenTo(conn net.Conn) *one {
	l := &one{Conn: conn, waiting: make(chan net.Conn, 1), ended: make(chan struct{})}
	l.end = sync.OnceFunc(func() { close(l.ended) })
	l.waiting <- l
	return l
}

func (l *one) Accept() (net.Conn, error) {
	select {
	case conn := <-l.waiting:
		return conn, nil
	case <-l.ended:
		return nil, net.ErrClosed
	}
}

func (l *one) Close() error {
	l.end()
	return l.Conn.Close()
}

func (l *one) Addr() net.Addr { return l.LocalAddr() }
