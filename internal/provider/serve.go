package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

const (
	protocol   = 6
	maxSocket  = 103        // bytes in the path of a socket, macOS
	socketName = "provider" // in a folder of its own
)

// Serve serves the provider to engines that are started on this machine with
// the returned TF_REATTACH_PROVIDERS, from a socket that only this user can
// reach. It serves until stop is called, which is for when the engines have
// ended: one that does not find the socket kills this process (Terraform with
// go-plugin 1.6 and older). stop returns when no request is carried out any more
// and the socket is gone. It may be called twice.
func Serve(options Options) (reattach string, stop func(), err error) {
	listener, dir, err := listen(options.Server)
	if err != nil {
		return "", nil, fmt.Errorf("cannot serve the Terraform provider: %w", err)
	}
	reattach, err = reattachment(listener.Addr())
	if err != nil {
		return "", nil, errors.Join(err, listener.Close(), os.RemoveAll(dir))
	}
	ctx, cancel := context.WithCancel(context.Background())
	d := &desk{options: options, ledger: newLedger(options), closing: ctx}
	d.open.Go(func() { d.accept(listener) })
	return reattach, sync.OnceFunc(func() {
		cancel()
		listener.Close()
		d.open.Wait()
		os.RemoveAll(dir)
	}), nil
}

// listen opens a socket in a new private folder with a path that is short enough.
func listen(server string) (listener net.Listener, dir string, err error) {
	for _, parent := range parents() {
		dir, err = os.MkdirTemp(parent, "aloft-"+server+"-")
		if err != nil {
			continue
		}
		path := filepath.Join(dir, socketName)
		if len(path) <= maxSocket {
			listener, err = net.Listen("unix", path)
		} else {
			err = fmt.Errorf("the path of the socket %s is too long", path)
		}
		if err == nil {
			return listener, dir, nil
		}
		os.RemoveAll(dir)
	}
	return nil, "", err
}

// parents are the folders in which sockets may be.
func parents() []string { return []string{os.TempDir(), "/tmp"} }

// RemoveSockets removes the sockets that a server of this name left behind when
// it was killed. None of this name may serve meanwhile.
func RemoveSockets(server string) error {
	if server == "" {
		return nil
	}
	var failed error
	for _, parent := range parents() {
		left, _ := filepath.Glob(filepath.Join(parent, "aloft-"+server+"-*")) // the pattern is ours
		for _, dir := range left {
			failed = errors.Join(failed, os.RemoveAll(dir))
		}
	}
	return failed
}

// hosts are the registries that engines look into where a source names none: the
// state has that of the engine which applied, and a source may name either.
var hosts = []string{"registry.terraform.io", "registry.opentofu.org"}

func reattachment(address net.Addr) (string, error) {
	type addr struct{ Network, String string }
	type config struct {
		Protocol        string
		ProtocolVersion int
		Pid             int
		Test            bool // the engine must not end this process
		Addr            addr
	}
	providers := map[string]config{}
	for _, host := range hosts {
		providers[host+"/"+Address] = config{
			Protocol: "grpc", ProtocolVersion: protocol, Pid: os.Getpid(), Test: true,
			Addr: addr{address.Network(), address.String()},
		}
	}
	text, err := json.Marshal(providers)
	return string(text), err
}

// Main serves the provider to the engine that started this process as a plugin.
// It returns when the engine is done. An engine starts one for each configuration
// of the provider, and others when it applies.
func Main(options Options) error {
	ledger := newLedger(options)
	ledger.opened()
	p := &local{options: options, ledger: ledger, line: &line{}}
	return tf6server.Serve(hosts[0]+"/"+Address, providerserver.NewProtocol6(p))
}
