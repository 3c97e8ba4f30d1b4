# SPDX-License-Identifier: MIT
"""What the functional tests share: processes, ports, clients, waiting."""
