#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
SERVICE_IP="192.168.1.240"
TEST_INTERVAL=1

echo "Starting BGP failover test for $SERVICE_IP"

while true; do
    if curl -s --max-time 2 http://$SERVICE_IP > /dev/null; then
        echo "$(date): Service reachable"
    else
        echo "$(date): Service UNREACHABLE"
    fi
    sleep $TEST_INTERVAL
done &
MONITOR_PID=$!

echo "Simulating router-1 failure..."
kubectl patch bgppeer router-1 -n metallb-system --type=json -p='[{"op": "replace", "path": "/spec/peerAddress", "value": "192.168.1.99"}]'

sleep 30

echo "Restoring router-1..."
kubectl patch bgppeer router-1 -n metallb-system --type=json -p='[{"op": "replace", "path": "/spec/peerAddress", "value": "192.168.1.1"}]'

sleep 30
kill $MONITOR_PID

echo "Failover test complete"
