// SPDX-License-Identifier: Apache-2.0
#ifndef METALLB_MULTICAST_H
#define METALLB_MULTICAST_H

#include <stdint.h>

/*
 * Membership of IPv6 groups. The kernel opens the interface for them and tells the switches (MLD, RFC 3810), which a
 * packet socket's membership would not: one that snoops would keep the solicitations from us.
 * A socket holds some hundreds of them (net.core.optmem_max), until it is closed.
 */

/* Opens a socket that receives nothing. Returns the descriptor or -errno. */
int multicast_open(void);

/* Return 0 or -errno; -ENOMEM: this socket holds no more. */
int multicast_join(int fd, const uint8_t group[16], int32_t ifindex);
int multicast_leave(int fd, const uint8_t group[16], int32_t ifindex);

/* Opens the interface for every group, until the descriptor that it returns is closed; switches hear nothing of it. */
int multicast_join_all(int32_t ifindex);

#endif
