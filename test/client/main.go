// Client is somebody who uses a server while a test changes the node: it asks a URL
// every 10 ms, each time on a new connection, and says when it is told to end how
// long it went without a good answer:
//
//	client URL
//
// The answer, on standard output, is JSON: how often it has asked, and the seconds
// from each last good answer before a bad one to the next good one, added up.
package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const every = 10 * time.Millisecond

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	var heard struct {
		Asked  int     `json:"asked"`
		Outage float64 `json:"outage"`
	}
	var lastGood time.Time
	failing := false
	for ticker := time.NewTicker(every); ctx.Err() == nil; <-ticker.C {
		heard.Asked++
		if !answers(client, os.Args[1]) {
			failing = true
			continue
		}
		now := time.Now()
		if failing && !lastGood.IsZero() {
			heard.Outage += now.Sub(lastGood).Seconds()
		}
		lastGood, failing = now, false
	}
	if failing {
		heard.Outage += time.Since(lastGood).Seconds()
	}
	_ = json.NewEncoder(os.Stdout).Encode(heard)
}

func answers(client *http.Client, url string) bool {
	answer, err := client.Get(url)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}
