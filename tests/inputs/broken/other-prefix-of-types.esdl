<?xml version='1.0' encoding='UTF-8'?>
<esdl:EnergySystem xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:esdl="http://www.tno.nl/esdl" id="system" name="one house">
  <instance id="instance">
    <area id="area">
      <asset i:type="esdl:PVInstallation" id="pv" name="roof" power="4000.0"/>
    </area>
  </instance>
</esdl:EnergySystem>
