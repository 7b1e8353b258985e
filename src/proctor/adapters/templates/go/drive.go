package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"
	"sync"
	"time"
)

// The driver: requests on standard input, replies on standard output, one JSON object a line (spec/client.md).
// Complete as it is: what you supply is client.go. Calls run at once, and are answered as they end.

const (
	timeoutDefaultS = 5.0
	timeoutMaxS     = 1e9 // a time.Duration holds no more than 292 years
)

type driver struct {
	client *client
	mutex  sync.Mutex // one line at a time
}

// drive handles requests until it is told to close, or until the input ends.
func drive(zookeeper, root string) error {
	d := &driver{client: newClient(zookeeper, root)}
	defer d.client.close()
	input := bufio.NewReader(os.Stdin)
	for {
		line, err := input.ReadBytes('\n')
		if err != nil && len(line) == 0 {
			if err == io.EOF {
				return nil
			}
			return err
		}
		if d.handle(line) {
			return nil
		}
	}
}

// handle tells whether this was the last request.
func (d *driver) handle(line []byte) bool {
	request, err := strictObject(line)
	if err != nil {
		d.fail(nil, callFailed{kind: "protocol", message: err.Error()})
		return false
	}
	switch op, _ := request.text("op"); op {
	case "call":
		d.startCall(request)
	case "servers":
		d.servers(request)
	case "close":
		d.reply(request, "")
		return true
	default:
		d.fail(request, callFailed{kind: "protocol", message: "op is one of call, servers, close"})
	}
	return false
}

func (d *driver) servers(request members) {
	found, err := d.client.servers()
	if err != nil {
		d.fail(request, err)
		return
	}
	listed, _ := json.Marshal(append([]string{}, found...)) // never null
	d.reply(request, `,"servers":`+string(listed))
}

func (d *driver) startCall(request members) {
	method, isText := request.text("in")
	params, isThere := request["params"]
	if !isText || !isThere {
		d.fail(request, callFailed{kind: "protocol", message: `a call has "in", a string, and "params"`})
		return
	}
	seconds, err := timeoutS(request)
	if err != nil {
		d.fail(request, callFailed{kind: "protocol", message: err.Error()})
		return
	}
	go func() {
		out, result, err := d.client.call(method, params, time.Duration(seconds*float64(time.Second)))
		if err != nil {
			d.fail(request, err)
			return
		}
		inOneLine := bytes.ReplaceAll(result, []byte("\n"), []byte(" ")) // in JSON a bare one is white space
		d.reply(request, `,"out":`+quoted(out)+`,"result":`+string(inOneLine))
	}()
}

func timeoutS(request members) (float64, error) {
	given, isThere := request["timeout_s"]
	if !isThere {
		return timeoutDefaultS, nil
	}
	seconds, err := strconv.ParseFloat(string(given), 64)
	if err != nil || seconds < 0 || seconds > timeoutMaxS {
		return 0, errors.New("timeout_s is a number of seconds, not negative")
	}
	return seconds, nil
}

// fail answers with an error: a callFailed as it is, any other as unavailable.
func (d *driver) fail(request members, err error) {
	failed := callFailed{kind: "unavailable", message: err.Error()}
	errors.As(err, &failed)
	code := ""
	if failed.code != "" {
		code = `,"code":` + quoted(failed.code)
	}
	d.reply(request, `,"error":{"kind":`+quoted(failed.kind)+`,"message":`+quoted(failed.message)+code+`}`)
}

// reply writes a line; rest is what follows the id.
func (d *driver) reply(request members, rest string) {
	id := "null"
	if given, isThere := request["id"]; isThere {
		id = string(given)
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if _, err := os.Stdout.WriteString(`{"id":` + id + rest + "}\n"); err != nil {
		os.Exit(0) // nobody reads any more
	}
}
