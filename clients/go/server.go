package wherry

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// server is a wherry server in a process of its own, which ends with this one, however it ends:
// its standard input is a pipe that we hold the other end of.
type server struct {
	command *exec.Cmd
	input   io.Closer
	urls    map[string][]string
}

// program is WHERRY_SERVER, else "wherry" in PATH.
func program() (string, error) {
	if named := os.Getenv("WHERRY_SERVER"); named != "" {
		return named, nil
	}
	found, err := exec.LookPath("wherry")
	if err != nil {
		return "", fmt.Errorf("%w; install Wherry, or set WHERRY_SERVER to its program", err)
	}
	return found, nil
}

func startServer(flags []string) (*server, error) {
	path, err := program()
	if err != nil {
		return nil, err
	}
	ready, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer ready.Close()
	arguments := append([]string{"--ephemeral", "--ready-fd", "3", "--exit-with-parent",
		"--log-level", "warning", "--history", "10000"}, flags...)
	command := exec.Command(path, arguments...)
	command.ExtraFiles = []*os.File{write}
	errs := &strings.Builder{}
	command.Stderr = io.MultiWriter(os.Stderr, errs)
	input, err := command.StdinPipe()
	if err == nil {
		err = command.Start()
	}
	write.Close()
	if err != nil {
		return nil, err
	}
	started := &server{command: command, input: input}
	line, err := bufio.NewReader(ready).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &started.urls)
	}
	if err != nil {
		started.stop()
		return nil, fmt.Errorf("%s %s did not start: %s", path, strings.Join(arguments, " "),
			strings.TrimSpace(errs.String()))
	}
	return started, nil
}

// stop ends the server and waits for its end.
func (s *server) stop() error {
	s.input.Close()
	err := s.command.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 0 {
		return nil
	}
	return err
}
