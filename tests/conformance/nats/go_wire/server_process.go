// Package test is what nats-server's tests of the wire are compiled with in the place of their own
// way to start a server: the program that NATS_SERVER_BIN names, as a process of its own.
package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	patience = 10 * time.Second
	interval = 5 * time.Millisecond
)

// serverProcess is a running server, with as much of server.Server as the tests ask of one.
type serverProcess struct {
	command *exec.Cmd
	ended   chan struct{}
	said    bytes.Buffer // complete once ended
	ports   server.Ports
}

// RunServerCallback starts a server and returns when it listens. A test that wants to hold the
// server object before it runs cannot have it.
func RunServerCallback(opts *server.Options, callback func(*serverProcess)) *serverProcess {
	if callback != nil {
		panic("the server is another process: it cannot be called back")
	}
	if opts == nil {
		defaults := DefaultTestOptions
		opts = &defaults
	}
	folder, err := os.MkdirTemp("", "wire")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	config := filepath.Join(folder, "server.conf")
	if err := os.WriteFile(config, []byte(configurationOf(opts)), 0o600); err != nil {
		panic(err)
	}
	if opts.ConfigFile != "" { // so that the test can change it and reload
		if changed, _ := changesOf(opts); len(changed) == 0 {
			config = opts.ConfigFile
		}
	}
	arguments := []string{"-c", config, "--ports_file_dir", folder}
	if opts.HTTPPort == 0 && opts.HTTPSPort == 0 && wantsMonitoring() {
		arguments = append(arguments, "-m", "-1")
	}
	s := &serverProcess{ended: make(chan struct{})}
	s.command = exec.Command(os.Getenv("NATS_SERVER_BIN"), arguments...)
	s.command.Stdout, s.command.Stderr = &s.said, &s.said
	if err := s.command.Start(); err != nil {
		panic(err)
	}
	go func() {
		s.command.Wait()
		close(s.ended)
	}()
	s.awaitPorts(folder)
	if opts.Port == server.RANDOM_PORT {
		opts.Port = s.Addr().(*net.TCPAddr).Port
	}
	return s
}

// wantsMonitoring tells whether we may ask for a port to learn numbers from: all but the one test
// of a server that has none.
func wantsMonitoring() bool {
	return !strings.Contains(strings.Join(os.Args, " "), "TestNoMonitorPort")
}

// awaitPorts waits for the file that a server writes once it listens. Connecting instead would be
// seen in what it counts.
func (s *serverProcess) awaitPorts(folder string) {
	pattern := filepath.Join(folder, fmt.Sprintf("*_%d.ports", s.command.Process.Pid))
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(interval) {
		select {
		case <-s.ended:
			panic(fmt.Sprintf("the server did not start:\n%s", s.said.Bytes()))
		default:
		}
		if found, _ := filepath.Glob(pattern); len(found) == 1 {
			text, _ := os.ReadFile(found[0])
			if json.Unmarshal(text, &s.ports) == nil && len(s.ports.Nats) > 0 {
				return
			}
		}
	}
	s.Shutdown()
	panic(fmt.Sprintf("the server wrote no ports file:\n%s", s.said.Bytes()))
}

// Shutdown ends the server as Ctrl-C does.
func (s *serverProcess) Shutdown() {
	s.command.Process.Signal(syscall.SIGINT)
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.command.Process.Kill()
		<-s.ended
		panic("the server did not end on SIGINT")
	}
}

// Reload has the server read its configuration again and waits until it has.
func (s *serverProcess) Reload() error {
	before, err := s.Varz(nil)
	if err != nil {
		return err
	}
	s.command.Process.Signal(syscall.SIGHUP)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(interval) {
		now, err := s.Varz(nil)
		if err != nil {
			return err
		}
		if !now.ConfigLoadTime.Equal(before.ConfigLoadTime) {
			return nil
		}
	}
	return errors.New("the configuration was not loaded again")
}

// Addr is where it listens for clients.
func (s *serverProcess) Addr() net.Addr {
	parsed, err := url.Parse(s.ports.Nats[0])
	if err != nil {
		panic(err)
	}
	addr, err := net.ResolveTCPAddr("tcp", parsed.Host)
	if err != nil {
		panic(err)
	}
	return addr
}

// ClientURL is where a client connects.
func (s *serverProcess) ClientURL() string { return s.ports.Nats[0] }

// Varz asks the server's monitoring.
func (s *serverProcess) Varz(*server.VarzOptions) (*server.Varz, error) {
	if len(s.ports.Monitoring) == 0 {
		return nil, errors.New("the server has no monitoring port")
	}
	response, err := http.Get(s.ports.Monitoring[0] + "/varz")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	varz := &server.Varz{}
	return varz, json.NewDecoder(response.Body).Decode(varz)
}

// NumSubscriptions is how many subscriptions there are.
func (s *serverProcess) NumSubscriptions() uint32 {
	varz, err := s.Varz(nil)
	if err != nil {
		panic(err)
	}
	return varz.Subscriptions
}

// NumClients is how many clients are connected.
func (s *serverProcess) NumClients() int {
	varz, err := s.Varz(nil)
	if err != nil {
		panic(err)
	}
	return varz.Connections
}
