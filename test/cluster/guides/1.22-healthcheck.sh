#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
CONTROLLER_READY=$(kubectl get deployment controller -n metallb-system -o jsonpath='{.status.readyReplicas}')
CONTROLLER_DESIRED=$(kubectl get deployment controller -n metallb-system -o jsonpath='{.spec.replicas}')

if [ "$CONTROLLER_READY" -lt "$CONTROLLER_DESIRED" ]; then
    echo "WARNING: Controller has $CONTROLLER_READY/$CONTROLLER_DESIRED replicas ready"
fi

SPEAKER_READY=$(kubectl get daemonset speaker -n metallb-system -o jsonpath='{.status.numberReady}')
SPEAKER_DESIRED=$(kubectl get daemonset speaker -n metallb-system -o jsonpath='{.status.desiredNumberScheduled}')

if [ "$SPEAKER_READY" -lt "$SPEAKER_DESIRED" ]; then
    echo "WARNING: Speaker has $SPEAKER_READY/$SPEAKER_DESIRED pods ready"
fi

PENDING_SERVICES=$(kubectl get svc -A -o jsonpath='{.items[?(@.spec.type=="LoadBalancer")].metadata.name}' | wc -w)
PENDING_IPS=$(kubectl get svc -A -o jsonpath='{.items[?(@.status.loadBalancer.ingress==null)].metadata.name}' | wc -w)

if [ "$PENDING_IPS" -gt 0 ]; then
    echo "WARNING: $PENDING_IPS LoadBalancer services are pending external IPs"
fi

kubectl logs -n metallb-system -l component=speaker --tail=100 | grep -E "session (up|down)" | tail -5

echo "Health check completed at $(date)"
