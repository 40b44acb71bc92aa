"""Words that say what a number is not; knows words, not numbers."""

from __future__ import annotations

from typing import Final

NUMBER_REFUSAL: Final = (
    r"(?:orders?|invoice|tracking|isbn|issn|doi|serial|ticket|parcel|shipment|reference|ref|timestamp|transaction|"
    r"trace|"
    r"span|session|sequence|seq|build|commit|imei|ean|gtin|upc|sku|uuid|guid|hash|sha\d*|md5|crc\d*|pid|port|issue|bug|"
    r"article|item|product|model|part|lot|batch|version|revision|offset|size|bytes|length|count|total|line|"
    r"bestell\w*|rechnungs?\w*|sendungs?\w*|auftrags?\w*|artikel\w*|commande|facture|colis|pedido|factura|envío|ordine|"
    r"fattura|bestelling|factuur|zamówieni\w+|заказ\w*|订单号?|订单编号|注文番号|주문번호)"
    r"(?:[ _.:#-]{0,3}(?:number|no|nr|num|id|code|nummer|numéro|número|numero|номер)\.?)?(?:[ ](?:is|was|ist|est|es))?"
)
"""Directly before a number: it counts something else. Halves whatever score the number has."""
